namespace Relay.Grains.Ledger;

/// <summary>
/// The silo has as many usage entries waiting for the ledger as it takes. Nothing was counted; the same settle may come again.
/// </summary>
[GenerateSerializer, Alias("Relay.LedgerFullException")]
public sealed class LedgerFullException(string message) : Exception(message);
