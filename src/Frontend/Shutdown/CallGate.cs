using Relay.Frontend.Errors;

namespace Relay.Frontend.Shutdown;

/// <summary>Refuses calls before Relay has started, once it is stopping, and while it has too many.</summary>
/// <param name="calls">Those that run.</param>
/// <param name="spared">The path whose calls always come in and are not waited for: they tell how Relay is.</param>
internal sealed class CallGate(RunningCalls calls, PathString spared)
{
    /// <summary>Lets a call in, or says what it is answered instead.</summary>
    public RelayError? Enter(HttpContext http)
    {
        var path = http.Request.Path;
        if (path.StartsWithSegments(spared, StringComparison.Ordinal))
        {
            return null;
        }

        // Whoever mends an overload needs the admin API.
        var entrance = calls.Enter(http, isBounded: !path.StartsWithSegments("/admin", StringComparison.Ordinal));
        if (entrance == Entrance.Open)
        {
            return null;
        }

        // The client's next try should find another replica, not this connection again; HTTP/2 has no such header. Who has too many calls keeps
        // the connection: a new one for each try would cost more than the refusal.
        if (entrance != Entrance.Full && (HttpProtocol.IsHttp11(http.Request.Protocol) || HttpProtocol.IsHttp10(http.Request.Protocol)))
        {
            http.Response.Headers.Connection = "close";
        }

        return entrance switch
        {
            Entrance.NotYet => RelayError.Starting(),
            Entrance.Closed => RelayError.ShuttingDown(),
            _ => RelayError.Overloaded(),
        };
    }

    /// <summary>A call has ended, let in or not.</summary>
    public void Leave(HttpContext http) => calls.Leave(http);
}
