using Relay.Grains.Ledger;
using Relay.Grains.Usage;

namespace Relay.Benchmarks.Pairs;

/// <summary>A ledger that takes every entry and keeps none, so that all but the ledger is measured.</summary>
internal sealed class NoLedger : IUsageLedger
{
    public Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken) => None<UsageEntry>();

    public Task<CarriedUsage?> ReadCarriedAsync(string keyId, CancellationToken cancellationToken) => Task.FromResult<CarriedUsage?>(null);

    public Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId, CancellationToken cancellationToken) => None<UsageEntry>();

    public Task<IReadOnlyList<UsageEntry>> FindManyAsync(
        IReadOnlyCollection<(Guid RequestId, int Part)> ids, CancellationToken cancellationToken) => None<UsageEntry>();

    public Task<IReadOnlyList<IReadOnlyList<UsageEntry>>> ReadCallsAsync(
        string keyId, DateTimeOffset reservedFrom, DateTimeOffset reservedBefore, long afterSequence, int limit, CancellationToken cancellationToken) =>
        None<IReadOnlyList<UsageEntry>>();

    public Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken) => None<UsageRow>();

    private static Task<IReadOnlyList<T>> None<T>() => Task.FromResult<IReadOnlyList<T>>([]);
}
