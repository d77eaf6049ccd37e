using Microsoft.Extensions.Logging;

namespace Relay.Grains.Ledger;

internal sealed partial class LedgerBatch
{
    [LoggerMessage(LogLevel.Error, "The ledger neither took nor showed a batch; {Rows} entries have failed, and their frontends keep them.")]
    private static partial void LogBatchFailed(ILogger logger, Exception exception, int rows);

    [LoggerMessage(LogLevel.Warning, "The ledger did not take {Rows} entries together. It is tried with each half.")]
    private static partial void LogSplit(ILogger logger, Exception exception, int rows);

    [LoggerMessage(LogLevel.Warning, "Another activation of key {KeyId} writes to the ledger. This one leaves with {Rows} entries, whose calls are settled there.")]
    private static partial void LogStale(ILogger logger, Exception exception, string keyId, int rows);

    [LoggerMessage(LogLevel.Warning, "Call {RequestId} of key {KeyId} is settled already, by another entry than this activation's.")]
    private static partial void LogSettledOtherwise(ILogger logger, Guid requestId, string keyId);

    [LoggerMessage(LogLevel.Error, "The ledger refused the entry of call {RequestId} of key {KeyId}. It is counted without its model's and its upstream's name.")]
    private static partial void LogWithoutTexts(ILogger logger, Exception exception, string keyId, Guid requestId);

    [LoggerMessage(LogLevel.Error, "The ledger refused the entry of call {RequestId} of key {KeyId}, without its names too. The call is not counted yet.")]
    private static partial void LogRowFailed(ILogger logger, Exception exception, string keyId, Guid requestId);
}
