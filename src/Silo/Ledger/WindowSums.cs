using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>Sums of a key's calls since several instants, by one statement that reads its entries once.</summary>
internal static class WindowSums
{
    /// <summary>How many instants one statement takes.</summary>
    public const int StartsMax = 6;

    /// <summary>For each instant, the sums by requested model of the entries up to a sequence whose calls were reserved since; what was dropped belongs to the earliest instant there is, and to no other.</summary>
    public static async Task<IReadOnlyList<IReadOnlyList<ModelTotals>>> ReadAsync(
        DataConnection connection, string keyId, long lastSequence, IReadOnlyList<DateTimeOffset> starts, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(starts.Count, StartsMax, nameof(starts));
        var times = starts.Select(static start => start.ToUnixTimeMilliseconds()).Order().ToList();
        var lines = await Lines(connection, keyId, lastSequence, times).ToListAsync(token);

        // A line's rank is how many of the instants are not after its calls.
        return starts
            .Select(start => times.Count(time => time <= start.ToUnixTimeMilliseconds()))
            .Select(IReadOnlyList<ModelTotals> (rank) => lines
                .Where(line => line.Rank >= rank)
                .GroupBy(static line => line.Model, StringComparer.Ordinal)
                .Select(static model => new ModelTotals(
                    model.Key, model.Aggregate(default(UsageTotals), static (sum, line) => sum + line.Sum.ToTotals())))
                .ToList())
            .ToList();
    }

    private static IQueryable<RankedSum> Lines(DataConnection connection, string keyId, long lastSequence, List<long> times)
    {
        long TimeOf(int index) => index < times.Count ? times[index] : long.MaxValue;
        var (a, b, c, d, e, f) = (TimeOf(0), TimeOf(1), TimeOf(2), TimeOf(3), TimeOf(4), TimeOf(5));
        var earliest = times.Count(static time => time == DateTimeOffset.MinValue.ToUnixTimeMilliseconds());
        var entries = connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId && entry.Sequence <= lastSequence)
            .Select(entry => new
            {
                entry.Model,
                Rank = (entry.ReservedAt >= a ? 1 : 0)
                    + (entry.ReservedAt >= b ? 1 : 0)
                    + (entry.ReservedAt >= c ? 1 : 0)
                    + (entry.ReservedAt >= d ? 1 : 0)
                    + (entry.ReservedAt >= e ? 1 : 0)
                    + (entry.ReservedAt >= f ? 1 : 0),
                Requests = (long)entry.Requests,
                entry.InputTokens,
                entry.CachedInputTokens,
                entry.AudioInputTokens,
                entry.OutputTokens,
                entry.ReasoningTokens,
                entry.AudioOutputTokens,
                entry.CacheWriteInputTokens,
                CostNanoUsd = entry.CostNanoUsd ?? 0,
                PricedRequests = (long)entry.PricedRequests,
            });
        var carried = connection.GetTable<UsageCarriedRow>()
            .Where(sum => sum.KeyId == keyId)
            .Select(sum => new
            {
                sum.Model,
                Rank = earliest,
                sum.Requests,
                sum.InputTokens,
                sum.CachedInputTokens,
                sum.AudioInputTokens,
                sum.OutputTokens,
                sum.ReasoningTokens,
                sum.AudioOutputTokens,
                sum.CacheWriteInputTokens,
                sum.CostNanoUsd,
                sum.PricedRequests,
            });
        return entries.Concat(carried)
            .GroupBy(line => new { line.Model, line.Rank })
            .Select(group => new RankedSum
            {
                Model = group.Key.Model,
                Rank = group.Key.Rank,
                Sum = new UsageSum
                {
                    Requests = group.Sum(line => line.Requests),
                    InputTokens = group.Sum(line => line.InputTokens),
                    CachedInputTokens = group.Sum(line => line.CachedInputTokens),
                    AudioInputTokens = group.Sum(line => line.AudioInputTokens),
                    OutputTokens = group.Sum(line => line.OutputTokens),
                    ReasoningTokens = group.Sum(line => line.ReasoningTokens),
                    AudioOutputTokens = group.Sum(line => line.AudioOutputTokens),
                    CacheWriteInputTokens = group.Sum(line => line.CacheWriteInputTokens),
                    CostNanoUsd = group.Sum(line => line.CostNanoUsd),
                    PricedRequests = group.Sum(line => line.PricedRequests),
                },
            });
    }

    private sealed class RankedSum
    {
        public required string Model { get; init; }

        public required int Rank { get; init; }

        public required UsageSum Sum { get; init; }
    }
}
