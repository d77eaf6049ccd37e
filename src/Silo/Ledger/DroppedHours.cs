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
    private static IQueryable<ModelSum> Sums(DataConnection connection, string keyId)
    {
        var positions = connection.GetTable<UsagePositionRow>().Where(position => position.KeyId == keyId && position.DroppedSequence > 0);
        var hours = positions.SelectMany(
            position => connection.GetTable<UsageHourRow>()
                .Where(hour => hour.KeyId == position.KeyId && hour.HourStart <= position.DroppedReservedAt),
            (_, hour) => new
            {
                hour.Model,
                Hourly = 1,
                hour.Requests,
                hour.InputTokens,
                hour.CachedInputTokens,
                hour.AudioInputTokens,
                hour.OutputTokens,
                hour.ReasoningTokens,
                hour.AudioOutputTokens,
            });
        var carried = connection.GetTable<UsageCarriedRow>()
            .Where(sum => sum.KeyId == keyId)
            .Select(sum => new
            {
                sum.Model,
                Hourly = 0,
                sum.Requests,
                sum.InputTokens,
                sum.CachedInputTokens,
                sum.AudioInputTokens,
                sum.OutputTokens,
                sum.ReasoningTokens,
                sum.AudioOutputTokens,
            });
        var left = positions.SelectMany(
            position => connection.GetTable<UsageEntryRow>()
                .Where(entry => entry.KeyId == position.KeyId
                    && entry.Sequence > position.DroppedSequence
                    && entry.Sequence <= position.RolledUpSequence
                    && entry.ReservedAt - (entry.ReservedAt % UsageHourRow.HourMs) <= position.DroppedReservedAt),
            (_, entry) => new
            {
                entry.Model,
                Hourly = 0,
                Requests = (long)entry.Requests,
                entry.InputTokens,
                entry.CachedInputTokens,
                entry.AudioInputTokens,
                entry.OutputTokens,
                entry.ReasoningTokens,
                entry.AudioOutputTokens,
            });
        return hours.Concat(carried).Concat(left)
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
                },
            });
    }

    private sealed class ModelSum
    {
        public required string Model { get; init; }

        /// <summary>1 for the hours' sum, 0 for what should be in them: databases differ in what a truth value is.</summary>
        public required int Hourly { get; init; }

        public required UsageSum Sum { get; init; }
    }
}
