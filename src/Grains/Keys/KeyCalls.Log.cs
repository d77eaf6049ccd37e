using Microsoft.Extensions.Logging;

namespace Relay.Grains.Keys;

internal sealed partial class KeyCalls
{
    [LoggerMessage(LogLevel.Warning, "Call {RequestId} of key {KeyId} was renewed by nobody and is counted as far as it had told.")]
    private static partial void LogExpired(ILogger logger, Guid requestId, string keyId);
}
