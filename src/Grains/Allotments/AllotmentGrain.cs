using Microsoft.Extensions.Options;
using Relay.Grains.Accounts;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Allotments;

/// <inheritdoc cref="IAllotmentGrain" />
internal sealed class AllotmentGrain(SiloHierarchy hierarchy, IUsageLedger ledger, IOptions<QuotaOptions> options, TimeProvider time) : Grain, IAllotmentGrain
{
    private AccountId Id => AccountId.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc />
    public async Task<RecalledRoom> RecallAsync(LimitKey limit, DateTimeOffset windowEnd) =>
        new((await FindAsync(new Limit(limit.Metric, limit.Window, 0, limit.Model, limit.Enforcement))).Used, Held: 0, Silent: 0);

    /// <inheritdoc />
    public Task ApplyLimitsAsync() => Task.CompletedTask;

    /// <inheritdoc />
    public async Task<ImmutableArray<LimitUsage>> GetLimitsAsync()
    {
        var limits = new List<LimitUsage>();
        foreach (var limit in hierarchy.Current.Find(Id)?.Limits ?? [])
        {
            limits.Add(await FindAsync(limit));
        }

        return [.. limits];
    }

    private async Task<LimitUsage> FindAsync(Limit limit)
    {
        if (limit.Metric == Metric.Concurrency)
        {
            return new LimitUsage(limit, 0, 0, limit.Amount, ResetsAt: null);
        }

        var window = WindowBounds.Of(limit.Window, time.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone));
        var rows = await ledger.SumAsync(
            new UsageQuery
            {
                From = window.End is null ? null : window.Start,
                To = window.End,
                User = Id.Level == Level.User ? Id.Id : null,
                Team = Id.Level == Level.Team ? Id.Id : null,
                GroupBy = UsageGroup.Model,
            },
            CancellationToken.None);
        var used = rows
            .Where(row => limit.Model is null || ModelPattern.Matches(limit.Model, row.Group!))
            .Aggregate(default(UsageTotals), static (sum, row) => sum + row.Totals);
        var amount = Amounts.Of(used).Of(limit.Metric);
        return new LimitUsage(limit, amount, 0, Math.Max(0, limit.Amount - amount), window.End);
    }
}
