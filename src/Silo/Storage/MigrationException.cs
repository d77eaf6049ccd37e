namespace Relay.Silo.Storage;

/// <summary>
/// The database cannot be opened, or not be brought to the schema of this version. The message is one line for the operator.
/// </summary>
public sealed class MigrationException(string message, Exception? innerException = null)
    : Exception(message, innerException);
