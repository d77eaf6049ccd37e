namespace Relay.Frontend.Admission;

internal sealed partial class AdmissionClient
{
    [LoggerMessage(LogLevel.Error, "The grain of {KeyId} did not answer.")]
    private partial void LogUnanswered(string keyId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The settle of {RequestId} by {KeyId} goes to the outbox.")]
    private partial void LogLate(string keyId, Guid requestId, Exception exception);

    [LoggerMessage(LogLevel.Critical, "The settle of {RequestId} by {KeyId} ({InputTokens} input and {OutputTokens} output tokens) could not be made durable; its response is cut.")]
    private partial void LogUnsettled(string keyId, Guid requestId, long inputTokens, long outputTokens, Exception exception);
}
