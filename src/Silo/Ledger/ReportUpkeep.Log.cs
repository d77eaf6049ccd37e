using Microsoft.Extensions.Logging;

namespace Relay.Silo.Ledger;

internal sealed partial class ReportUpkeep
{
    [LoggerMessage(LogLevel.Warning, "The hourly sums could not be brought up to date; reports stay exact, and it is tried again")]
    private static partial void LogRollUpFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Old entries of the ledger could not be looked for; it is tried again")]
    private static partial void LogRetentionFailed(ILogger logger, Exception exception);
}
