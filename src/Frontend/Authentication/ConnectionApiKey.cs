using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Relay.Frontend.Authentication;

/// <summary>
/// The API key of a connection's last request. A client sends the same one with each, and as long as it does Kestrel hands out the same object for its
/// header (<see cref="KestrelServerOptions.DisableStringReuse"/>; with HTTP/2, one for each of its streams), so that the key is read and hashed once.
/// It is told by that object and never by its characters. Whether the key is good is asked for each request all the same.
/// </summary>
internal sealed class ConnectionApiKey
{
    private Known? _last;

    /// <summary>Gives each connection of a server its own.</summary>
    public static void Use(ListenOptions listen) => listen.Use(static next => connection =>
    {
        connection.Features.Set(new ConnectionApiKey());
        return next(connection);
    });

    /// <summary>Finds the key in a header's text: the one that it was found in before, or by reading it.</summary>
    /// <param name="header">The text of an Authorization header.</param>
    /// <param name="token">The key.</param>
    /// <returns>False when there is no key that Relay can have issued; that is not remembered.</returns>
    public bool TryRead(string header, out ApiKeyToken token)
    {
        // Requests of one connection may run at the same time (HTTP/2): what is remembered is exchanged as a whole.
        if (Volatile.Read(ref _last) is { } last && ReferenceEquals(last.Header, header))
        {
            token = last.Token;
            return true;
        }

        if (!ApiKeyToken.TryParse(CallerCredentials.BearerOf(header), out token))
        {
            return false;
        }

        Volatile.Write(ref _last, new Known(header, token));
        return true;
    }

    private sealed class Known(string header, ApiKeyToken token)
    {
        public string Header { get; } = header;

        public ApiKeyToken Token { get; } = token;
    }
}
