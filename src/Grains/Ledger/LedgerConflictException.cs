namespace Relay.Grains.Ledger;

/// <summary>
/// The ledger refused a transaction as a whole, because a (key, sequence) or a (request id, part) of it is there already.
/// Nothing of it was written by this attempt.
/// </summary>
public sealed class LedgerConflictException(string message, Exception? inner) : Exception(message, inner);
