using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>Reads the ledger and the hourly sums for a comparison. Whoever appends meanwhile is not in its way, nor it in theirs.</summary>
public interface IUsageAudit
{
    /// <summary>What the ledger has of a key, up to and with a sequence; with the sum of what was dropped.</summary>
    Task<LedgerExtent> ReadExtentAsync(string keyId, long lastSequence, CancellationToken cancellationToken);

    /// <summary>The sum of a key's entries after one sequence, up to and with another.</summary>
    Task<UsageTotals> SumEntriesAsync(string keyId, long afterSequence, long lastSequence, CancellationToken cancellationToken);

    /// <summary>
    /// For each of at most six instants, the sums by requested model of a key's entries, up to and with a sequence, whose calls were
    /// reserved since; with what was dropped for <see cref="DateTimeOffset.MinValue"/>.
    /// </summary>
    Task<IReadOnlyList<IReadOnlyList<ModelTotals>>> SumSinceAsync(
        string keyId, long lastSequence, IReadOnlyList<DateTimeOffset> starts, CancellationToken cancellationToken);

    /// <summary>The ids, in order and after the given one, of keys that the ledger or its sums have and the directory does not.</summary>
    Task<IReadOnlyList<string>> ListStrayKeysAsync(string after, int limit, CancellationToken cancellationToken);

    /// <summary>The first of a key's hourly sums that is not the sum of its entries, or null when all are right.</summary>
    Task<RollUpDifference?> FindRollUpDifferenceAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Makes those of a key's hourly sums anew whose entries are all there; the others stay. Reports stay exact meanwhile.</summary>
    Task RebuildRollUpsAsync(string keyId, CancellationToken cancellationToken);
}
