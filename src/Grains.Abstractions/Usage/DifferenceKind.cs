namespace Relay.Grains.Usage;

/// <summary>Which two things a verification found to differ.</summary>
[GenerateSerializer, Alias("Relay.DifferenceKind")]
public enum DifferenceKind
{
    /// <summary>The grain's totals, or a window of them, are not the sum of the ledger.</summary>
    Totals,

    /// <summary>An hourly sum is not the sum of its entries in the ledger.</summary>
    Rollups,

    /// <summary>The ledger's sequences have a gap, or end before the grain's.</summary>
    Sequence,

    /// <summary>The snapshot that a key's grain has saved is not what the ledger gives up to its sequence.</summary>
    Snapshot,

    /// <summary>The ledger has entries, or sums of entries, of a key that the directory does not have.</summary>
    Key,

    /// <summary>The key could not be compared to the end.</summary>
    Error,
}
