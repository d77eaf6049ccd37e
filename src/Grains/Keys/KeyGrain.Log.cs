using Microsoft.Extensions.Logging;
using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

internal sealed partial class KeyGrain
{
    [LoggerMessage(LogLevel.Warning, "Key {KeyId} starts anew: the fate of a change is not known.")]
    private static partial void LogStepsDown(ILogger logger, Exception exception, string keyId);

    [LoggerMessage(LogLevel.Warning, "Expired calls of key {KeyId} could not be counted yet.")]
    private static partial void LogExpiryFailed(ILogger logger, Exception exception, string keyId);

    [LoggerMessage(LogLevel.Warning, "The counts of key {KeyId} could not be saved. Nothing is lost: the ledger has them.")]
    private static partial void LogSnapshotFailed(ILogger logger, Exception exception, string keyId);

    [LoggerMessage(LogLevel.Information, "Call {RequestId} of key {KeyId} would have been refused by {Limit}, if that did more than observe.")]
    private static partial void LogWouldRefuse(ILogger logger, Guid requestId, string keyId, Limit limit);

    [LoggerMessage(LogLevel.Debug, "Key {KeyId} is put away although not all of its calls could be written; their callers know.")]
    private static partial void LogPutAwayEarly(ILogger logger, Exception exception, string keyId);

    [LoggerMessage(LogLevel.Warning, "Key {KeyId} could not ask or tell what it has of the limits above it; it does so again with the next call.")]
    private static partial void LogNotTold(ILogger logger, Exception exception, string keyId);
}
