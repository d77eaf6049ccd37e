using Relay.Frontend.Errors;
using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Frontend.Background;

internal sealed partial class BackgroundCalls
{
    private void LogSettled(string keyId, Settlement settlement)
    {
        if (logger.IsEnabled(LogLevel.Information))
        {
            LogSettled(
                RequestIds.Format(settlement.Call.RequestId),
                keyId,
                settlement.Usage.InputTokens,
                settlement.Usage.OutputTokens,
                settlement.Source == UsageSource.Reported ? "reported" : "estimated",
                (long)(settlement.EndedAt - settlement.StartedAt).TotalMilliseconds);
        }
    }

    [LoggerMessage(LogLevel.Information, "{RequestId} key={KeyId} is settled: its response in the background is over. in={InputTokens} out={OutputTokens} source={Source} ms={DurationMs}")]
    private partial void LogSettled(string requestId, string keyId, long inputTokens, long outputTokens, string source, long durationMs);

    [LoggerMessage(LogLevel.Information, "Every response in the background is counted.")]
    private partial void LogNoneLeft();

    [LoggerMessage(LogLevel.Information, "{Count} responses in the background are followed on since before this start.")]
    private partial void LogResumed(int count);

    [LoggerMessage(LogLevel.Error, "The response of {RequestId} in the background could not be put on the disk; its call is cut.")]
    private partial void LogNotKept(Guid requestId, Exception exception);

    [LoggerMessage(LogLevel.Error, "A line of background.jsonl cannot be read; it is set aside.")]
    private partial void LogUnreadable();

    [LoggerMessage(LogLevel.Error, "The response of {RequestId} in the background could not be brought to its end; it is tried again.")]
    private partial void LogNotEnded(Guid requestId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "background.jsonl could not be written anew.")]
    private partial void LogNotRewritten(Exception exception);
}
