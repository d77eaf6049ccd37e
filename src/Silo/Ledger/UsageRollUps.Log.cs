using Microsoft.Extensions.Logging;

namespace Relay.Silo.Ledger;

internal sealed partial class UsageRollUps
{
    [LoggerMessage(LogLevel.Warning, "The entries of key {KeyId} could not be added to the hourly sums; reports stay exact, and it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception, string keyId);
}
