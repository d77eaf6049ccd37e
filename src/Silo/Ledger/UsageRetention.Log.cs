using Microsoft.Extensions.Logging;

namespace Relay.Silo.Ledger;

internal sealed partial class UsageRetention
{
    [LoggerMessage(LogLevel.Information, "{Entries} old entries of key {KeyId} are dropped from the ledger; their sums stay")]
    private static partial void LogDropped(ILogger logger, long entries, string keyId);

    [LoggerMessage(LogLevel.Warning, "Old entries of key {KeyId} could not be dropped from the ledger; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception, string keyId);

    [LoggerMessage(LogLevel.Error, "Entry {Sequence} of key {KeyId} is missing from the ledger; nothing after it is dropped")]
    private static partial void LogGap(ILogger logger, long sequence, string keyId);
}
