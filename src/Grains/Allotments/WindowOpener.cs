using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Allotments;

/// <summary>Begins a limit's window with what the ledger has of it: a limit may be made when its window is half over.</summary>
internal sealed class WindowOpener(IAllotmentStore store, IUsageLedger ledger)
{
    /// <summary>Begins it, unless it has begun.</summary>
    public async Task OpenAsync(LimitKey limit, WindowBounds window, CancellationToken cancellationToken) =>
        await store.OpenAsync(limit, window, await UsedAsync(limit, window, cancellationToken), cancellationToken);

    /// <summary>What all keys together have used.</summary>
    public async Task<long> SumAsync(LimitKey limit, WindowBounds window, CancellationToken cancellationToken) =>
        (await UsedAsync(limit, window, cancellationToken)).Sum(static key => key.Used);

    /// <summary>
    /// What each key has used. Calls that are not in the ledger yet are not in it: their keys tell of them, at the latest when they settle.
    /// </summary>
    private async Task<IReadOnlyList<Allotment>> UsedAsync(LimitKey limit, WindowBounds window, CancellationToken cancellationToken)
    {
        if (limit.Metric == Metric.Concurrency)
        {
            return [];
        }

        var query = QueryOf(limit, window);
        if (limit.Model is { } pattern)
        {
            var models = await ledger.SumAsync(query with { GroupBy = UsageGroup.Model }, cancellationToken);
            query = query with { Models = [.. models.Select(static row => row.Group!).Where(model => ModelPattern.Matches(pattern, model))] };
        }

        var keys = await ledger.SumAsync(query with { GroupBy = UsageGroup.Key }, cancellationToken);
        return
        [
            .. keys
                .Select(row => (KeyId: row.Group!, Used: Amounts.Of(row.Totals).AtLeastZero().Of(limit.Metric)))
                .Where(static key => key.Used > 0)
                .Select(static key => new Allotment(key.KeyId, key.Used, key.Used)),
        ];
    }

    /// <summary>The query of an account's usage in a window.</summary>
    public static UsageQuery QueryOf(LimitKey limit, WindowBounds window) => new()
    {
        From = window.End is null ? null : window.Start,
        To = window.End,
        User = limit.Account.Level == Level.User ? limit.Account.Id : null,
        Team = limit.Account.Level == Level.Team ? limit.Account.Id : null,
    };
}
