using Microsoft.Extensions.Logging;

namespace Relay.Grains.Keys;

internal sealed partial class KeyCalls
{
    [LoggerMessage(LogLevel.Warning, "Call {RequestId} of key {KeyId} was renewed by nobody and is counted as far as it had told.")]
    private static partial void LogExpired(ILogger logger, Guid requestId, string keyId);

    [LoggerMessage(LogLevel.Information, "Call {RequestId} of key {KeyId} was never sent, as its release says after it had expired; its count is taken back.")]
    private static partial void LogReversed(ILogger logger, Guid requestId, string keyId);

    [LoggerMessage(LogLevel.Error, "Call {RequestId} of key {KeyId} is not counted now: it is so old that its entries may have been dropped, and nobody knows whether it had any.")]
    private static partial void LogTooOld(ILogger logger, Guid requestId, string keyId);
}
