namespace Relay.Grains.Ledger;

/// <summary>Reads the ledger and the hourly sums for a comparison. Whoever appends meanwhile is not in its way, nor it in theirs.</summary>
public interface IUsageAudit
{
    /// <summary>What the ledger has of a key, up to and with a sequence.</summary>
    Task<LedgerExtent> ReadExtentAsync(string keyId, long lastSequence, CancellationToken cancellationToken);

    /// <summary>The first of a key's hourly sums that is not the sum of its entries, or null when all are right.</summary>
    Task<RollUpDifference?> FindRollUpDifferenceAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Makes a key's hourly sums anew. Reports stay exact meanwhile.</summary>
    Task RebuildRollUpsAsync(string keyId, CancellationToken cancellationToken);
}
