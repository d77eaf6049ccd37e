using Microsoft.Extensions.Logging;

namespace Relay.Silo.Storage;

internal sealed partial class ServerDatabase
{
    [LoggerMessage(
        LogLevel.Warning,
        "The database {Database} keeps no versions of rows, and could not be told to; until its administrator does so, reports and writes may wait for each other. {Refusal}")]
    private static partial void LogNoRowVersions(ILogger logger, string database, string refusal);

    [LoggerMessage(LogLevel.Warning, "A change waited in vain for rows that another transaction holds.")]
    private static partial void LogLockTimeout(ILogger logger, Exception exception);
}
