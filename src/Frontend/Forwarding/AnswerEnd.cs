using Relay.Frontend.Errors;

namespace Relay.Frontend.Forwarding;

/// <summary>Ends an answer: a whole one as the upstream ended it; a broken one, or one whose count is not durable, so that it cannot look whole.</summary>
internal static class AnswerEnd
{
    /// <summary>Sends the withheld end, or an error if nothing was sent yet, or an error event and a cut.</summary>
    /// <exception cref="CutConnectionException">The response has started and must not end well.</exception>
    public static async Task SendAsync(HttpContext http, IAnswerRelay relay, RelayEnd end, bool settled)
    {
        if (end == RelayEnd.ClientClosed)
        {
            return;
        }

        if (end == RelayEnd.Complete && settled)
        {
            await relay.FinishAsync();
            return;
        }

        var error = ErrorOf(end) ?? RelayError.Uncounted();
        if (!relay.HasSent)
        {
            RemoveUpstreamsHeaders(http.Response);
            await ErrorResult.WriteAsync(http, error);
            return;
        }

        await relay.FinishBrokenAsync(error);
        throw new CutConnectionException();
    }

    // Relay's own headers are as true of its error as they were of the answer.
    private static void RemoveUpstreamsHeaders(HttpResponse response)
    {
        foreach (var name in response.Headers.Keys.Where(name => !HeaderRules.IsRelaysOwn(name)).ToList())
        {
            response.Headers.Remove(name);
        }
    }

    /// <summary>What is wrong with an upstream's answer that ended so; null when nothing is.</summary>
    public static RelayError? ErrorOf(RelayEnd end) => end switch
    {
        RelayEnd.UpstreamStalled => RelayError.UpstreamTimedOut("The upstream stopped sending in the middle of its answer."),
        RelayEnd.UpstreamCut => RelayError.UpstreamFailed("The upstream's answer broke off, or was no valid answer."),
        _ => null,
    };
}
