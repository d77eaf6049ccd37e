using Orleans.Concurrency;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <inheritdoc cref="IUsageReportGrain" />
[StatelessWorker]
internal sealed class UsageReportGrain(IUsageLedger ledger) : Grain, IUsageReportGrain
{
    /// <inheritdoc />
    public async Task<ImmutableArray<UsageRow>> QueryAsync(UsageQuery query) =>
        [.. await ledger.SumAsync(query, CancellationToken.None)];
}
