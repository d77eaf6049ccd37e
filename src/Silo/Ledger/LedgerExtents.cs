using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>Sums of a key's entries, each by one statement.</summary>
internal static class LedgerExtents
{
    /// <summary>What is there up to and with a sequence, and what was dropped.</summary>
    public static async Task<LedgerExtent> ReadAsync(DataConnection connection, string keyId, long lastSequence, CancellationToken token)
    {
        var found = await Lines(connection, keyId, lastSequence)
            .GroupBy(line => line.KeyId)
            .Select(group => new
            {
                Entries = group.Sum(line => line.Entries),
                First = group.Min(line => line.First),
                Last = group.Max(line => line.Last),
                Dropped = group.Max(line => line.Dropped),
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
            })
            .FirstOrDefaultAsync(token);
        return found is null
            ? new LedgerExtent(0, 0, 0, 0, default)
            : new LedgerExtent(
                found.Entries, found.Entries == 0 ? 0 : found.First, found.Last, found.Dropped, found.Sum.ToTotals());
    }

    /// <summary>The sum of the entries after one sequence, up to and with another.</summary>
    public static async Task<UsageTotals> SumAsync(
        DataConnection connection, string keyId, long afterSequence, long lastSequence, CancellationToken token)
    {
        var sum = await connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId && entry.Sequence > afterSequence && entry.Sequence <= lastSequence)
            .GroupBy(entry => entry.KeyId)
            .Select(group => new UsageSum
            {
                Requests = group.Sum(entry => (long)entry.Requests),
                InputTokens = group.Sum(entry => entry.InputTokens),
                CachedInputTokens = group.Sum(entry => entry.CachedInputTokens),
                AudioInputTokens = group.Sum(entry => entry.AudioInputTokens),
                OutputTokens = group.Sum(entry => entry.OutputTokens),
                ReasoningTokens = group.Sum(entry => entry.ReasoningTokens),
                AudioOutputTokens = group.Sum(entry => entry.AudioOutputTokens),
                CacheWriteInputTokens = group.Sum(entry => entry.CacheWriteInputTokens),
                CostNanoUsd = group.Sum(entry => entry.CostNanoUsd ?? 0),
                PricedRequests = group.Sum(entry => (long)entry.PricedRequests),
            })
            .FirstOrDefaultAsync(token);
        return sum?.ToTotals() ?? default;
    }

    /// <summary>One line for each entry, each carried sum, and the position.</summary>
    private static IQueryable<ExtentLine> Lines(DataConnection connection, string keyId, long lastSequence)
    {
        var there = connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId && entry.Sequence <= lastSequence)
            .Select(entry => new ExtentLine
            {
                KeyId = entry.KeyId,
                Entries = 1L,
                First = entry.Sequence,
                Last = entry.Sequence,
                Dropped = 0L,
                Requests = (long)entry.Requests,
                InputTokens = entry.InputTokens,
                CachedInputTokens = entry.CachedInputTokens,
                AudioInputTokens = entry.AudioInputTokens,
                OutputTokens = entry.OutputTokens,
                ReasoningTokens = entry.ReasoningTokens,
                AudioOutputTokens = entry.AudioOutputTokens,
                CacheWriteInputTokens = entry.CacheWriteInputTokens,
                CostNanoUsd = entry.CostNanoUsd ?? 0,
                PricedRequests = (long)entry.PricedRequests,
            });
        var carried = connection.GetTable<UsageCarriedRow>()
            .Where(sum => sum.KeyId == keyId)
            .Select(sum => new ExtentLine
            {
                KeyId = sum.KeyId,
                Entries = 0L,
                First = long.MaxValue,
                Last = 0L,
                Dropped = 0L,
                Requests = sum.Requests,
                InputTokens = sum.InputTokens,
                CachedInputTokens = sum.CachedInputTokens,
                AudioInputTokens = sum.AudioInputTokens,
                OutputTokens = sum.OutputTokens,
                ReasoningTokens = sum.ReasoningTokens,
                AudioOutputTokens = sum.AudioOutputTokens,
                CacheWriteInputTokens = sum.CacheWriteInputTokens,
                CostNanoUsd = sum.CostNanoUsd,
                PricedRequests = sum.PricedRequests,
            });
        var dropped = connection.GetTable<UsagePositionRow>()
            .Where(position => position.KeyId == keyId)
            .Select(position => new ExtentLine
            {
                KeyId = position.KeyId,
                Entries = 0L,
                First = long.MaxValue,
                Last = 0L,
                Dropped = position.DroppedSequence,
                Requests = 0L,
                InputTokens = 0L,
                CachedInputTokens = 0L,
                AudioInputTokens = 0L,
                OutputTokens = 0L,
                ReasoningTokens = 0L,
                AudioOutputTokens = 0L,
                CacheWriteInputTokens = 0L,
                CostNanoUsd = 0L,
                PricedRequests = 0L,
            });
        return there.Concat(carried).Concat(dropped);
    }

    private sealed class ExtentLine
    {
        public required string KeyId { get; init; }

        public required long Entries { get; init; }

        public required long First { get; init; }

        public required long Last { get; init; }

        public required long Dropped { get; init; }

        public required long Requests { get; init; }

        public required long InputTokens { get; init; }

        public required long CachedInputTokens { get; init; }

        public required long AudioInputTokens { get; init; }

        public required long OutputTokens { get; init; }

        public required long ReasoningTokens { get; init; }

        public required long AudioOutputTokens { get; init; }

        public required long CacheWriteInputTokens { get; init; }

        public required long CostNanoUsd { get; init; }

        public required long PricedRequests { get; init; }
    }
}
