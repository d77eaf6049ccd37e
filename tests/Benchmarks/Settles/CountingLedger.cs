using Relay.Grains.Ledger;
using Relay.Grains.Usage;

namespace Relay.Benchmarks.Settles;

/// <summary>A ledger that counts its transactions and their rows.</summary>
internal sealed class CountingLedger(IUsageLedger ledger) : IUsageLedger
{
    private long _batches;
    private long _rows;

    public long Batches => Interlocked.Read(ref _batches);

    public long Rows => Interlocked.Read(ref _rows);

    public async Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken)
    {
        await ledger.AppendAsync(entries, cancellationToken);
        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _rows, entries.Count);
    }

    public Task ProbeAsync(CancellationToken cancellationToken) => ledger.ProbeAsync(cancellationToken);

    public Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken) =>
        ledger.ReadTailAsync(keyId, afterSequence, cancellationToken);

    public Task<CarriedUsage?> ReadCarriedAsync(string keyId, CancellationToken cancellationToken) =>
        ledger.ReadCarriedAsync(keyId, cancellationToken);

    public Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId, CancellationToken cancellationToken) =>
        ledger.FindAsync(requestId, cancellationToken);

    public Task<IReadOnlyList<UsageEntry>> FindManyAsync(
        IReadOnlyCollection<(Guid RequestId, int Part)> ids, CancellationToken cancellationToken) => ledger.FindManyAsync(ids, cancellationToken);

    public Task<IReadOnlyList<IReadOnlyList<UsageEntry>>> ReadCallsAsync(
        string keyId, DateTimeOffset reservedFrom, DateTimeOffset reservedBefore, long afterSequence, int limit, CancellationToken cancellationToken) =>
        ledger.ReadCallsAsync(keyId, reservedFrom, reservedBefore, afterSequence, limit, cancellationToken);

    public Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken) =>
        ledger.SumAsync(query, cancellationToken);
}
