using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;
using Relay.Frontend.Upstreams;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Forwarding;

/// <summary>Relays the list of models and single models: for callers with a good key, unmetered, since no upstream charges for it.</summary>
internal sealed partial class ModelsHandler(
    AdmissionClient admission,
    UpstreamSender sender,
    TimeProvider time,
    ILogger<ModelsHandler> logger)
{
    public async Task HandleAsync(HttpContext http, string? model)
    {
        var startedAt = time.GetUtcNow();
        var keyId = "-";
        try
        {
            var secret = CallerCredentials.FindApiKey(http.Request.Headers);
            if (!ApiKeyToken.TryParse(secret, out var token))
            {
                await ErrorResult.WriteAsync(http, secret is null ? RelayError.MissingKey() : RelayError.InvalidKey());
                return;
            }

            keyId = token.KeyId;
            if (await FindFaultAsync(token, model) is { } fault)
            {
                await ErrorResult.WriteAsync(http, fault);
                return;
            }

            await RelayAsync(http, model is null ? "/v1/models" : "/v1/models/" + Uri.EscapeDataString(model));
        }
        finally
        {
            LogCall(RequestIds.Format(RequestIds.Of(http)), keyId, http.Response.StatusCode, (long)(time.GetUtcNow() - startedAt).TotalMilliseconds);
        }
    }

    private async Task<RelayError?> FindFaultAsync(ApiKeyToken token, string? model)
    {
        if (await admission.AuthenticateAsync(token.KeyId, token.Hash) is not { } access)
        {
            return RelayError.Unavailable();
        }

        return KeyFault.Of(access.Status)
            ?? (model is null || access.Models.Length == 0 || access.Models.Any(pattern => ModelPattern.Matches(pattern, model))
                ? null
                : RelayError.ModelNotAllowed(RecordText.Clean(model)));
    }

    private async Task RelayAsync(HttpContext http, string path)
    {
        // Nothing is spent here, so there is nothing to drain for.
        using var deadline = new UpstreamDeadline(time, TimeSpan.Zero);
        await using var hangUp = http.RequestAborted.UnsafeRegister(static state => ((UpstreamDeadline)state!).StartDrain(), deadline);
        var (answer, failure) = await sender.SendAsync(http, HttpMethod.Get, path, content: null, deadline);
        if (answer is null)
        {
            await (failure!.Error is { } error ? ErrorResult.WriteAsync(http, error) : Task.CompletedTask);
            return;
        }

        using (answer)
        {
            http.Response.StatusCode = (int)answer.StatusCode;
            HeaderRules.CopyResponse(answer, http.Response.Headers);
            using var relay = await sender.OpenBodyAsync(http, answer, deadline);
            await AnswerEnd.SendAsync(http, relay, await relay.RunAsync(), settled: true);
        }
    }

    [LoggerMessage(LogLevel.Information, "{RequestId} key={KeyId} endpoint=/v1/models status={Status} ms={DurationMs}")]
    private partial void LogCall(string requestId, string keyId, int status, long durationMs);
}
