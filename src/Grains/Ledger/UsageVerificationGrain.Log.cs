using Microsoft.Extensions.Logging;

namespace Relay.Grains.Ledger;

internal sealed partial class UsageVerificationGrain
{
    [LoggerMessage(LogLevel.Error, "Key {KeyId} could not be compared with the ledger.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string keyId);
}
