using Microsoft.Extensions.Logging;

namespace Relay.Grains.Ledger;

internal sealed partial class LedgerWriter
{
    [LoggerMessage(LogLevel.Warning, "The ledger did not take a batch of {Rows} entries of {Keys} keys. Each key's entries are tried on their own.")]
    private static partial void LogBatchFailed(ILogger logger, Exception exception, int rows, int keys);

    [LoggerMessage(LogLevel.Error, "The ledger did not take {Rows} entries of key {KeyId}. Its grain starts anew from the ledger.")]
    private static partial void LogKeyFailed(ILogger logger, Exception exception, int rows, string keyId);

    [LoggerMessage(LogLevel.Error, "The silo stops although {Rows} usage entries wait for the ledger: their frontends were told that they failed.")]
    private static partial void LogAbandoned(ILogger logger, int rows);
}
