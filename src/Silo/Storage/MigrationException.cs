namespace Relay.Silo.Storage;

/// <summary>
/// The database cannot be opened, or not be brought to the schema of this version. The message is one line for the operator.
/// </summary>
public sealed class MigrationException(string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Whether the database was only away, so that it may be there at the next try.</summary>
    public bool IsOutage { get; init; }
}
