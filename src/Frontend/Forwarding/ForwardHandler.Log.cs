using Relay.Frontend.Errors;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

internal sealed partial class ForwardHandler
{
    private void LogCall(HttpContext http, RelayedCall call)
    {
        if (!logger.IsEnabled(LogLevel.Information))
        {
            return;
        }

        LogCall(
            RequestIds.TextOf(http),
            call.KeyId ?? "-",
            LogText.Quote(call.User ?? "-"),
            LogText.Quote(call.Model ?? "-"),
            call.Endpoint,
            call.Status,
            CallNames.Of(call),
            new UsageText(call.Usage),
            call.Source == UsageSource.Reported ? "reported" : "estimated",
            (long)(time.GetUtcNow() - call.StartedAt).TotalMilliseconds);
    }

    [LoggerMessage(LogLevel.Warning, "The answer of upstream {Upstream} could not be sent on.")]
    private static partial void LogUnsendable(ILogger logger, string upstream, Exception exception);

    [LoggerMessage(LogLevel.Information, "{RequestId} key={KeyId} user={User} model={Model} endpoint={Endpoint} status={Status} outcome={Outcome} {Tokens} source={Source} ms={DurationMs}")]
    private partial void LogCall(
        string requestId,
        string keyId,
        string user,
        string model,
        string endpoint,
        int status,
        string outcome,
        UsageText tokens,
        string source,
        long durationMs);
}
