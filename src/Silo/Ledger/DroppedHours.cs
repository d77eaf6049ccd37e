using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Ledger;

namespace Relay.Silo.Ledger;

/// <summary>
/// Compares the hours of which entries are dropped. What each of them should have is not known any more; but by model, all of them
/// together have what is carried forward, and what is left of them in the ledger.
/// </summary>
internal static class DroppedHours
{
    /// <summary>The first model whose sums differ, or null.</summary>
    public static async Task<RollUpDifference?> FindDifferenceAsync(DataConnection connection, string keyId, CancellationToken token)
    {
        var sums = await Sums(connection, keyId).ToListAsync(token);
        return sums
            .OrderBy(static sum => sum.Model, StringComparer.Ordinal)
            .GroupBy(static sum => sum.Model, StringComparer.Ordinal)
            .Select(static model => new RollUpDifference(
                null,
                model.FirstOrDefault(static sum => sum.Hourly == 0)?.Sum.ToTotals() ?? default,
                model.FirstOrDefault(static sum => sum.Hourly == 1)?.Sum.ToTotals() ?? default))
            .FirstOrDefault(static model => model.Expected != model.Actual);
    }

    /// <summary>The sums by model, of the hours and of what should be in them, at one moment.</summary>
    private static IQueryable<ModelSum> Sums(DataConnection connection, string keyId) =>
        Hours(connection, keyId).Concat(Carried(connection, keyId)).Concat(Left(connection, keyId))
            .GroupBy(line => new { line.Model, line.Hourly })
            .Select(group => new ModelSum
            {
                Model = group.Key.Model,
                Hourly = group.Key.Hourly,
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

    private static IQueryable<ModelLine> Hours(DataConnection connection, string keyId) => Positions(connection, keyId).SelectMany(
        position => connection.GetTable<UsageHourRow>()
            .Where(hour => hour.KeyId == position.KeyId && hour.HourStart <= position.DroppedReservedAt),
        (_, hour) => new ModelLine
        {
            Model = hour.Model,
            Hourly = 1,
            Requests = hour.Requests,
            InputTokens = hour.InputTokens,
            CachedInputTokens = hour.CachedInputTokens,
            AudioInputTokens = hour.AudioInputTokens,
            OutputTokens = hour.OutputTokens,
            ReasoningTokens = hour.ReasoningTokens,
            AudioOutputTokens = hour.AudioOutputTokens,
            CacheWriteInputTokens = hour.CacheWriteInputTokens,
            CostNanoUsd = hour.CostNanoUsd,
            PricedRequests = hour.PricedRequests,
        });

    private static IQueryable<ModelLine> Carried(DataConnection connection, string keyId) => connection.GetTable<UsageCarriedRow>()
        .Where(sum => sum.KeyId == keyId)
        .Select(sum => new ModelLine
        {
            Model = sum.Model,
            Hourly = 0,
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

    /// <summary>The entries of those hours that are still there.</summary>
    private static IQueryable<ModelLine> Left(DataConnection connection, string keyId) => Positions(connection, keyId).SelectMany(
        position => connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == position.KeyId
                && entry.Sequence > position.DroppedSequence
                && entry.Sequence <= position.RolledUpSequence
                && entry.ReservedAt - (entry.ReservedAt % UsageHourRow.HourMs) <= position.DroppedReservedAt),
        (_, entry) => new ModelLine
        {
            Model = entry.Model,
            Hourly = 0,
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

    private static IQueryable<UsagePositionRow> Positions(DataConnection connection, string keyId) =>
        connection.GetTable<UsagePositionRow>().Where(position => position.KeyId == keyId && position.DroppedSequence > 0);

    private sealed class ModelLine
    {
        public required string Model { get; init; }

        /// <summary>1 for an hour's sum, 0 for what should be in it: databases differ in what a truth value is.</summary>
        public required int Hourly { get; init; }

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

    private sealed class ModelSum
    {
        public required string Model { get; init; }

        /// <summary>As <see cref="ModelLine.Hourly"/>.</summary>
        public required int Hourly { get; init; }

        public required UsageSum Sum { get; init; }
    }
}
