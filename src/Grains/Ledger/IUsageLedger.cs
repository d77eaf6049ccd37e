using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>The append-only table of usage entries: the truth about every count.</summary>
public interface IUsageLedger
{
    /// <summary>
    /// Commits all entries in one transaction, or none. Throws when it could not, or when it is not known whether it did.
    /// </summary>
    /// <exception cref="LedgerConflictException">
    /// A (key, sequence) or a (request id, part) is there already, or the sequence was and is dropped; nothing was written.
    /// </exception>
    Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken);

    /// <summary>Commits a change that leaves nothing behind. Throws when the ledger takes no writes: then no entry is to blame for what failed.</summary>
    Task ProbeAsync(CancellationToken cancellationToken);

    /// <summary>A key's entries with a higher sequence than the given one, in order; without those that retention has dropped.</summary>
    Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken);

    /// <summary>What retention has dropped of a key; null for nothing.</summary>
    Task<CarriedUsage?> ReadCarriedAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>All entries of one call, ordered by part; empty when it was never settled.</summary>
    Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId, CancellationToken cancellationToken);

    /// <summary>
    /// Those of the named entries that are there, in no particular order. Any number of names may be given, also twice; many
    /// take several queries.
    /// </summary>
    Task<IReadOnlyList<UsageEntry>> FindManyAsync(
        IReadOnlyCollection<(Guid RequestId, int Part)> ids, CancellationToken cancellationToken);

    /// <summary>
    /// The calls of a key that were reserved in a period, its start included and its end not, and whose first entry has a higher sequence
    /// than the given one: each with all its entries in the order of their parts, in the order of the first ones.
    /// </summary>
    Task<IReadOnlyList<IReadOnlyList<UsageEntry>>> ReadCallsAsync(
        string keyId, DateTimeOffset reservedFrom, DateTimeOffset reservedBefore, long afterSequence, int limit, CancellationToken cancellationToken);

    /// <summary>Sums entries, ordered by group (ordinal).</summary>
    Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken);
}
