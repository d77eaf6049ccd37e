namespace Relay.Grains.Ledger;

/// <summary>The ledger refused a transaction because one of its (key, sequence) or (request id, part) is there already. Nothing was written.</summary>
public sealed class LedgerConflictException(string message, Exception? inner) : Exception(message, inner);
