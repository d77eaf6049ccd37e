using Microsoft.Extensions.Logging;

namespace Relay.Grains.Ledger;

internal sealed partial class LedgerWriter
{
    [LoggerMessage(LogLevel.Error, "The silo stops although {Rows} usage entries wait for the ledger: their frontends were told that they failed.")]
    private static partial void LogAbandoned(ILogger logger, int rows);
}
