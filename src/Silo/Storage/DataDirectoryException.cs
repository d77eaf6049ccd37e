namespace Relay.Silo.Storage;

/// <summary>
/// The data directory cannot be used. The message is one line for the operator: it names the directory and the reason.
/// </summary>
public sealed class DataDirectoryException(string message, Exception? innerException = null)
    : Exception(message, innerException);
