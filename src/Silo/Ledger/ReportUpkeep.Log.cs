using Microsoft.Extensions.Logging;

namespace Relay.Silo.Ledger;

internal sealed partial class ReportUpkeep
{
    [LoggerMessage(LogLevel.Warning, "The hourly sums could not be brought up to date, or old entries not be looked for; reports stay exact, and it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
