namespace Relay.Frontend.Admission;

internal sealed partial class Outbox
{
    [LoggerMessage(LogLevel.Warning, "{Count} counts wait in the outbox since before this start.")]
    private static partial void LogRecovered(ILogger logger, int count);

    [LoggerMessage(LogLevel.Warning, "Counts of {KeyId} still wait; {Count} counts wait in all.")]
    private static partial void LogStillWaiting(ILogger logger, string keyId, int count, Exception exception);

    [LoggerMessage(LogLevel.Information, "The outbox is empty again: every count that waited is settled or set aside.")]
    private static partial void LogEmpty(ILogger logger);

    [LoggerMessage(LogLevel.Error, "The count of {RequestId} is set aside: there is no key {KeyId}.")]
    private static partial void LogSetAside(ILogger logger, string keyId, Guid requestId);

    [LoggerMessage(LogLevel.Error, "The count of {RequestId} of key {KeyId} is set aside: it comes so late that nobody knows whether it is counted.")]
    private static partial void LogTooOld(ILogger logger, string keyId, Guid requestId);

    [LoggerMessage(LogLevel.Error, "A line of the outbox cannot be read; it is set aside.")]
    private static partial void LogUnreadable(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "The outbox's file could not be written anew without what waits no longer.")]
    private static partial void LogNotRewritten(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Critical, "The outbox could not keep {Count} counts.")]
    private static partial void LogNotKept(ILogger logger, int count, Exception exception);
}
