using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Background;
using Relay.Frontend.Errors;
using Relay.Frontend.Metering;
using Relay.Frontend.Upstreams;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Forwarding;

/// <summary>Relays what no upstream charges for, models and stored responses: for callers with a good key, and not counted.</summary>
internal sealed partial class UnmeteredHandler(
    AdmissionClient admission,
    UpstreamSender sender,
    BackgroundCalls background,
    StepTimeouts timeouts,
    TimeProvider time,
    ILogger<UnmeteredHandler> logger)
{
    // A stored response may be streamed; its events are those of one that is made.
    private static readonly RequestFacts StoredResponse = new()
    {
        Model = "",
        Stream = false,
        UsageAsked = true,
        InputTokensEstimated = 0,
        OutputTokensMax = null,
        Choices = 1,
        Shape = AnswerShape.Response,
        Edits = [],
    };

    /// <summary>Relays one call.</summary>
    /// <param name="http">The call.</param>
    /// <param name="endpoint">What the log calls it.</param>
    /// <param name="path">The canonical path, with <c>/v1</c>.</param>
    /// <param name="model">The model that the key must be allowed to use, or null.</param>
    /// <param name="deleted">The id of the response that the call deletes, or null.</param>
    public async Task HandleAsync(HttpContext http, string endpoint, string path, string? model, string? deleted = null)
    {
        var startedAt = time.GetUtcNow();
        var keyId = "-";
        try
        {
            if (CallerCredentials.FindApiKey(http, out var token) is { } nobody)
            {
                await ErrorResult.WriteAsync(http, nobody);
                return;
            }

            keyId = token.KeyId;
            if (await FindFaultAsync(token, model) is { } fault)
            {
                await ErrorResult.WriteAsync(http, fault);
                return;
            }

            if (deleted is not null)
            {
                await background.CountBeforeItGoesAsync(deleted, http.RequestAborted);
            }

            await RelayAsync(http, path);
        }
        finally
        {
            LogCall(RequestIds.TextOf(http), keyId, endpoint, http.Response.StatusCode, (long)(time.GetUtcNow() - startedAt).TotalMilliseconds);
        }
    }

    private async Task<RelayError?> FindFaultAsync(ApiKeyToken token, string? model)
    {
        if (await admission.AuthenticateAsync(token.KeyId, token.Hash) is not { } access)
        {
            return RelayError.Unavailable();
        }

        return KeyFault.Of(access.Status)
            ?? (model is null || ModelPattern.Allow(access.Models, model)
                ? null
                : RelayError.ModelNotAllowed(RecordText.Clean(model)));
    }

    private async Task RelayAsync(HttpContext http, string path)
    {
        // Nothing is spent here, so there is nothing to drain for.
        using var deadline = new UpstreamDeadline(timeouts, TimeSpan.Zero);
        await using var hangUp = http.RequestAborted.UnsafeRegister(static state => ((UpstreamDeadline)state!).StartDrain(), deadline);
        var (answer, failure, _) = await sender.SendAsync(http, HttpMethod.Parse(http.Request.Method), path, content: null, deadline);
        if (answer is null)
        {
            await (failure!.Error is { } error ? ErrorResult.WriteAsync(http, error) : Task.CompletedTask);
            return;
        }

        using (answer)
        {
            http.Response.StatusCode = (int)answer.StatusCode;
            HeaderRules.CopyResponse(answer, http.Response.Headers);
            using var relay = sender.Open(http, answer, StoredResponse, hold: null, deadline);
            await AnswerEnd.SendAsync(http, relay, await relay.RunAsync(), settled: true);
        }
    }

    [LoggerMessage(LogLevel.Information, "{RequestId} key={KeyId} endpoint={Endpoint} status={Status} ms={DurationMs}")]
    private partial void LogCall(string requestId, string keyId, string endpoint, int status, long durationMs);
}
