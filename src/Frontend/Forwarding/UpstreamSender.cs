using System.Net.Http.Headers;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Relay.Frontend.Admission;
using Relay.Frontend.Errors;
using Relay.Frontend.Metering;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Forwarding;

/// <summary>Sends a call to the upstream and opens its answer.</summary>
internal sealed partial class UpstreamSender(
    Upstream upstream,
    TimeProvider time,
    IOptions<UpstreamTimeouts> timeouts,
    IOptions<ForwardingOptions> options,
    ILogger<UpstreamSender> logger)
{
    /// <summary>Sends, and waits for the answer's head.</summary>
    public async Task<SendResult> SendAsync(HttpContext http, HttpMethod method, string path, HttpContent? content, UpstreamDeadline deadline)
    {
        // Not disposed: an upstream may answer before it has read the whole request, and its content goes on being sent.
        var request = new HttpRequestMessage(method, upstream.AddressOf(path, http.Request.QueryString.Value ?? ""));
        request.Content = content;
        HeaderRules.CopyRequest(http.Request.Headers, request.Headers, content?.Headers);
        var attempts = 1;
        try
        {
            deadline.Begin(TimeSpan.FromSeconds(timeouts.Value.FirstByte));
            HttpResponseMessage? answer = null;
            var attempt = new ConnectionAttempt();
            try
            {
                answer = await upstream.SendOnceAsync(request, attempt, deadline.Token);
            }
            catch (Exception e) when (upstream.MaySendAgain(e, attempt) && !deadline.Token.IsCancellationRequested)
            {
                attempts++;
            }

            answer ??= await upstream.SendAgainAsync(request, deadline.Token);
            deadline.Begin(Timeout.InfiniteTimeSpan);
            if ((int)answer.StatusCode is >= 200 and <= 599 and not StatusCodes.Status205ResetContent)
            {
                return new SendResult(answer, null, attempts);
            }

            // No final status of HTTP, or one under which this server could not send a body.
            answer.Dispose();
            return Failed(UpstreamFailureKind.Broken, RelayError.UpstreamFailed("The upstream gave no valid answer."), attempts);
        }
        catch (OperationCanceledException e) when (deadline.Token.IsCancellationRequested)
        {
            LogFailed(upstream.Name, e.Message);
            return deadline.ClientGone
                ? Failed(UpstreamFailureKind.ClientClosed, null, attempts)
                : Failed(UpstreamFailureKind.TimedOut, RelayError.UpstreamTimedOut("The upstream did not answer in time."), attempts);
        }
        catch (OperationCanceledException e)
        {
            // The connect time-out of the pool.
            LogFailed(upstream.Name, e.Message);
            return Failed(Unsent(attempts), RelayError.UpstreamTimedOut("The upstream could not be connected to in time."), attempts);
        }
        catch (Exception e)
        {
            LogFailed(upstream.Name, e.Message);
            return IsBeforeTheRequest(e)
                ? Failed(Unsent(attempts), RelayError.UpstreamFailed("The upstream could not be reached."), attempts)
                : Failed(UpstreamFailureKind.Broken, RelayError.UpstreamFailed("The upstream gave no valid answer."), attempts);
        }
    }

    // Of a call that was sent before on a connection that died, nobody knows whether it was seen.
    private static UpstreamFailureKind Unsent(int attempts) => attempts > 1 ? UpstreamFailureKind.Broken : UpstreamFailureKind.NeverSent;

    private static SendResult Failed(UpstreamFailureKind kind, RelayError? error, int attempts) => new(null, new UpstreamFailure(kind, error), attempts);

    /// <summary>Whether no connection came about. A socket's own exception comes from opening one; later ones are wrapped.</summary>
    private static bool IsBeforeTheRequest(Exception exception) => exception switch
    {
        HttpRequestException e => e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
        _ => exception is SocketException,
    };

    /// <summary>
    /// Opens an answer for relaying, a stream of events as such, of which the hold is told how far it is. The response's status and headers must be set
    /// before.
    /// </summary>
    public IAnswerRelay Open(HttpContext http, HttpResponseMessage answer, RequestFacts facts, OpenHold? hold, UpstreamDeadline deadline)
    {
        if (!answer.IsSuccessStatusCode || !IsEventStream(answer.Content.Headers, facts.Stream))
        {
            return OpenBody(http, answer, deadline, facts.Shape);
        }

        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        return new StreamRelay(http.Response, OpenSource(answer, deadline), facts, hold is null ? static _ => { } : hold.Progress);
    }

    /// <summary>By its content type; a stream that was asked for is taken for one also when the upstream does not say what it sends.</summary>
    private static bool IsEventStream(HttpContentHeaders headers, bool wasAskedFor)
    {
        // Of nearly every answer that is none, no more need be parsed.
        if (headers.NonValidated.TryGetValues("Content-Type", out var values)
            && values.Count == 1
            && values.ToString().StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return headers.ContentType?.MediaType?.ToLowerInvariant() switch
        {
            "text/event-stream" => true,
            null or "text/plain" or "application/octet-stream" => wasAskedFor,
            _ => false,
        };
    }

    /// <summary>Opens an answer for relaying as a plain body.</summary>
    private BodyRelay OpenBody(HttpContext http, HttpResponseMessage answer, UpstreamDeadline deadline, AnswerShape shape)
    {
        // A length beside chunks means nothing (RFC 9112, 6.3), and one of encoded bytes means nothing here.
        var length = Upstream.IsEncoded(answer) || (answer.Headers.NonValidated.Contains("Transfer-Encoding") && answer.Headers.TransferEncoding.Count > 0)
            ? null
            : answer.Content.Headers.ContentLength;
        http.Response.ContentLength = length;
        return new BodyRelay(http.Response, OpenSource(answer, deadline), shape, length);
    }

    private AnswerSource OpenSource(HttpResponseMessage answer, UpstreamDeadline deadline) => new(
        upstream.Open(answer),
        deadline,
        time,
        TimeSpan.FromSeconds(timeouts.Value.BetweenBytes),
        options.Value.Drain.Bytes);

    [LoggerMessage(LogLevel.Warning, "Upstream {Upstream} gave no answer: {Reason}")]
    private partial void LogFailed(string upstream, string reason);
}
