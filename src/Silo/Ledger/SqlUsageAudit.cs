using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>Compares the tables with each other. Each answer sees them at one moment.</summary>
internal sealed class SqlUsageAudit(IRelayDatabase database, UsageRollUps rollUps) : IUsageAudit
{
    public Task<LedgerExtent> ReadExtentAsync(string keyId, long lastSequence, CancellationToken cancellationToken) =>
        database.ReadAtOneMomentAsync((connection, token) => LedgerExtents.ReadAsync(connection, keyId, lastSequence, token), cancellationToken);

    public Task<UsageTotals> SumEntriesAsync(string keyId, long afterSequence, long lastSequence, CancellationToken cancellationToken) =>
        database.ReadAtOneMomentAsync(
            (connection, token) => LedgerExtents.SumAsync(connection, keyId, afterSequence, lastSequence, token), cancellationToken);

    public Task<IReadOnlyList<IReadOnlyList<ModelTotals>>> SumSinceAsync(
        string keyId, long lastSequence, IReadOnlyList<DateTimeOffset> starts, CancellationToken cancellationToken) =>
        database.ReadAsync(
            (connection, token) => WindowSums.ReadAsync(connection, keyId, lastSequence, starts, token), cancellationToken);

    public Task<IReadOnlyList<string>> ListStrayKeysAsync(string after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync((connection, token) => StrayKeys.ListAsync(connection, after, limit, token), cancellationToken);

    public Task<RollUpDifference?> FindRollUpDifferenceAsync(string keyId, CancellationToken cancellationToken) =>
        database.ReadAtOneMomentAsync(
            async (connection, token) =>
            {
                if (await LostPositions.FindAsync(connection, keyId, token) is { } lost)
                {
                    return lost;
                }

                if (await Excesses(connection, keyId).OrderBy(hour => hour.HourStart).FirstOrDefaultAsync(token) is not { } excess)
                {
                    return await DroppedHours.FindDifferenceAsync(connection, keyId, token);
                }

                var hour = await connection.GetTable<UsageHourRow>()
                    .Where(row => row.KeyId == keyId
                        && row.HourStart == excess.HourStart
                        && row.User == excess.User
                        && (row.Team ?? "") == (excess.Team ?? "")
                        && (row.Team == null) == (excess.Team == null)
                        && row.Model == excess.Model
                        && row.Endpoint == excess.Endpoint)
                    .FirstOrDefaultAsync(token);
                var actual = hour?.ToTotals() ?? default;
                return new RollUpDifference(
                    DateTimeOffset.FromUnixTimeMilliseconds(excess.HourStart), actual - excess.ToTotals(), actual);
            },
            cancellationToken);

    public async Task RebuildRollUpsAsync(string keyId, CancellationToken cancellationToken)
    {
        await database.WriteAsync((connection, token) => LostPositions.RestoreAsync(connection, keyId, token), cancellationToken);
        await rollUps.RebuildAsync(keyId, cancellationToken);
    }

    /// <summary>
    /// By how much hourly sums exceed the entries that should be in them; rows that are right are left out, and hours of which entries
    /// are dropped.
    /// </summary>
    private static IQueryable<UsageHourRow> Excesses(DataConnection connection, string keyId) =>
        Hours(connection, keyId).Concat(NegatedEntries(connection, keyId))
            .GroupBy(line => new { line.HourStart, line.User, line.Team, line.Model, line.Endpoint })
            .Select(group => new UsageHourRow
            {
                KeyId = keyId,
                HourStart = group.Key.HourStart,
                Dimensions = "",
                User = group.Key.User,
                Team = group.Key.Team,
                Model = group.Key.Model,
                Endpoint = group.Key.Endpoint,
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
            })
            .Where(sum => sum.Requests != 0
                || sum.InputTokens != 0
                || sum.CachedInputTokens != 0
                || sum.AudioInputTokens != 0
                || sum.OutputTokens != 0
                || sum.ReasoningTokens != 0
                || sum.AudioOutputTokens != 0
                || sum.CacheWriteInputTokens != 0
                || sum.CostNanoUsd != 0
                || sum.PricedRequests != 0);

    private static IQueryable<UsageHourRow> Hours(DataConnection connection, string keyId) => connection.GetTable<UsageHourRow>()
        .Where(row => row.KeyId == keyId
            && !connection.GetTable<UsagePositionRow>().Any(position => position.KeyId == row.KeyId
                && position.DroppedSequence > 0
                && row.HourStart <= position.DroppedReservedAt))
        .Select(row => new UsageHourRow
        {
            KeyId = row.KeyId,
            HourStart = row.HourStart,
            Dimensions = "",
            User = row.User,
            Team = row.Team,
            Model = row.Model,
            Endpoint = row.Endpoint,
            Requests = row.Requests,
            InputTokens = row.InputTokens,
            CachedInputTokens = row.CachedInputTokens,
            AudioInputTokens = row.AudioInputTokens,
            OutputTokens = row.OutputTokens,
            ReasoningTokens = row.ReasoningTokens,
            AudioOutputTokens = row.AudioOutputTokens,
            CacheWriteInputTokens = row.CacheWriteInputTokens,
            CostNanoUsd = row.CostNanoUsd,
            PricedRequests = row.PricedRequests,
        });

    private static IQueryable<UsageHourRow> NegatedEntries(DataConnection connection, string keyId) => connection.GetTable<UsagePositionRow>()
        .Where(position => position.KeyId == keyId)
        .SelectMany(
            position => connection.GetTable<UsageEntryRow>()
                .Where(entry => entry.KeyId == position.KeyId
                    && entry.Sequence <= position.RolledUpSequence
                    && (position.DroppedSequence == 0
                        || entry.ReservedAt - (entry.ReservedAt % UsageHourRow.HourMs) > position.DroppedReservedAt)),
            (_, entry) => new UsageHourRow
            {
                KeyId = entry.KeyId,
                HourStart = entry.ReservedAt - (entry.ReservedAt % UsageHourRow.HourMs),
                Dimensions = "",
                User = entry.User,
                Team = entry.Team,
                Model = entry.Model,
                Endpoint = entry.Endpoint,
                Requests = -(long)entry.Requests,
                InputTokens = -entry.InputTokens,
                CachedInputTokens = -entry.CachedInputTokens,
                AudioInputTokens = -entry.AudioInputTokens,
                OutputTokens = -entry.OutputTokens,
                ReasoningTokens = -entry.ReasoningTokens,
                AudioOutputTokens = -entry.AudioOutputTokens,
                CacheWriteInputTokens = -entry.CacheWriteInputTokens,
                CostNanoUsd = -(entry.CostNanoUsd ?? 0),
                PricedRequests = -(long)entry.PricedRequests,
            });
}
