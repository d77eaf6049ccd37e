namespace Relay.Grains.Ledger;

/// <summary>
/// The activation that was asked believes something of its key that the ledger does not say, and steps down. The same message
/// may be sent again: the next activation starts from the ledger. It carries no inner exception: a database driver's cannot cross to a frontend.
/// </summary>
[GenerateSerializer, Alias("Relay.StaleActivationException")]
public sealed class StaleActivationException(string message) : Exception(message);
