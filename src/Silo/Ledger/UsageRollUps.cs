using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.Logging;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>
/// Adds the ledger's entries to the hourly sums. Each step is one transaction, which moves the key's position and adds what lies
/// between, so that no entry is added twice, however many silos do this and whenever one of them stops.
/// </summary>
/// <param name="database">The ledger's.</param>
/// <param name="unrolled">What this silo has committed itself, and need not read.</param>
/// <param name="logger">Where it is told what could not be added.</param>
internal sealed partial class UsageRollUps(IRelayDatabase database, UnrolledSums unrolled, ILogger<UsageRollUps> logger)
{
    /// <summary>The most entries that the database sums in one transaction.</summary>
    public const int EntriesOfOneStepMax = 2_000;

    private const int KeysOfOneQueryMax = 500;

    // Whether an earlier pass, or an earlier process, may have left entries that this silo should have added.
    private bool _isBehind = true;

    /// <summary>
    /// Adds what this silo has committed itself. Of keys of which it knows nothing it adds all that is there now, if the first entry that is in no sum was
    /// reserved before an instant, or after a pass that failed: the silo that has committed it adds it more cheaply. What fails for one key does not stop the
    /// others. One pass at a time.
    /// </summary>
    public async Task RollUpAsync(DateTimeOffset othersBefore, CancellationToken cancellationToken)
    {
        var known = unrolled.TakeAll();
        var othersBeforeMs = _isBehind ? long.MaxValue : othersBefore.ToUnixTimeMilliseconds();
        _isBehind = true;
        var hasFailed = false;
        var after = "";
        while (await FindKeysAsync(after, cancellationToken) is [.., var last] keys)
        {
            foreach (var key in keys)
            {
                try
                {
                    if (known.TryGetValue(key.KeyId, out var sums))
                    {
                        await RollUpAsync(sums, cancellationToken);
                    }
                    else if (key.ReservedAt < othersBeforeMs)
                    {
                        await SumAsync(key.KeyId, long.MaxValue, cancellationToken);
                    }
                }
                catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
                {
                    hasFailed = true;
                    LogFailed(logger, exception, key.KeyId);
                }
            }

            after = last.KeyId;
        }

        _isBehind = hasFailed;
    }

    /// <summary>
    /// Makes a key's sums anew, but for what was dropped from the ledger. Reports stay exact: in one transaction the sums go, and the
    /// position with them, so that they read the entries themselves until those are added again.
    /// </summary>
    public async Task RebuildAsync(string keyId, CancellationToken cancellationToken)
    {
        await database.WriteAsync((connection, token) => TakeOutAsync(connection, keyId, token), cancellationToken);
        await SumAsync(keyId, long.MaxValue, cancellationToken);
    }

    private static async Task TakeOutAsync(DataConnection connection, string keyId, CancellationToken token)
    {
        // First, and to the same value, for the lock that every step takes.
        var positions = Positions(connection, keyId);
        await positions.Set(row => row.RolledUpSequence, row => row.RolledUpSequence).UpdateAsync(token);
        if (await positions.FirstOrDefaultAsync(token) is not { } position)
        {
            return;
        }

        // Later hours have no dropped entry in them. From the others only what can be added again is taken: it is little, of the
        // hour that is dropped in part and of calls that were settled late.
        var droppedUntil = position.DroppedSequence > 0 ? position.DroppedReservedAt : long.MinValue;
        await connection.GetTable<UsageHourRow>().Where(row => row.KeyId == keyId && row.HourStart > droppedUntil).DeleteAsync(token);
        if (position.DroppedSequence > 0)
        {
            var left = connection.GetTable<UsageEntryRow>()
                .Where(entry => entry.KeyId == keyId
                    && entry.Sequence > position.DroppedSequence
                    && entry.Sequence <= position.RolledUpSequence
                    && entry.ReservedAt - (entry.ReservedAt % UsageHourRow.HourMs) <= droppedUntil);
            foreach (var hour in await UsageHourRow.SumAsync(left, token))
            {
                await AddAsync(connection, hour.Negated(), token);
            }
        }

        await positions.Set(row => row.RolledUpSequence, position.DroppedSequence).UpdateAsync(token);
    }

    private async Task RollUpAsync(UnrolledUsage known, CancellationToken cancellationToken)
    {
        var position = await TryAddAsync(known, cancellationToken);
        if (position < known.AfterSequence)
        {
            // Of those in between this silo knows nothing: another one had the key, or it has started since, or a commit's outcome was unknown.
            await SumAsync(known.KeyId, known.AfterSequence, cancellationToken);
            position = await TryAddAsync(known, cancellationToken);
        }

        if (position is not null)
        {
            // Somebody has added some of them. What this silo has committed since is known to it already, and the next pass adds it.
            await SumAsync(known.KeyId, known.LastSequence, cancellationToken);
        }
    }

    /// <summary>Adds sums that are known already; null when that is done. Else nothing is added, and this is the key's position, which is not where they begin.</summary>
    private async Task<long?> TryAddAsync(UnrolledUsage known, CancellationToken cancellationToken)
    {
        var hours = known.Hours.ToList();
        long? elsewhere = null;
        await database.WriteAsync(
            async (connection, token) => elsewhere =
                await TryMoveAsync(connection, known.KeyId, known.AfterSequence, known.LastSequence, hours, token)
                    ? null
                    : await Positions(connection, known.KeyId).Select(row => row.RolledUpSequence).FirstOrDefaultAsync(token),
            cancellationToken);
        return elsewhere;
    }

    /// <summary>Has the database sum what is not added yet, up to a sequence, and adds it.</summary>
    private async Task SumAsync(string keyId, long lastSequence, CancellationToken cancellationToken)
    {
        int added;
        do
        {
            added = 0;
            await database.WriteAsync(
                async (connection, token) => added = await SumStepAsync(connection, keyId, lastSequence, token), cancellationToken);
        }
        while (added == EntriesOfOneStepMax);
    }

    /// <summary>The next keys with entries that are in no sum, and when the call of the first of those was reserved, in unix milliseconds.</summary>
    private async Task<List<(string KeyId, long ReservedAt)>> FindKeysAsync(string after, CancellationToken cancellationToken)
    {
        var keys = await database.ReadAsync(
            (connection, token) => connection.GetTable<UsagePositionRow>()
                .Where(position => string.CompareOrdinal(position.KeyId, after) > 0)
                .Select(position => new
                {
                    position.KeyId,
                    ReservedAt = connection.GetTable<UsageEntryRow>()
                        .Where(entry => entry.KeyId == position.KeyId && entry.Sequence > position.RolledUpSequence)
                        .OrderBy(entry => entry.Sequence)
                        .Select(entry => (long?)entry.ReservedAt)
                        .FirstOrDefault(),
                })
                .Where(key => key.ReservedAt != null)
                .OrderBy(key => key.KeyId)
                .Take(KeysOfOneQueryMax)
                .ToListAsync(token),
            cancellationToken);
        return keys.ConvertAll(static key => (key.KeyId, key.ReservedAt!.Value));
    }

    private static IQueryable<UsagePositionRow> Positions(DataConnection connection, string keyId) =>
        connection.GetTable<UsagePositionRow>().Where(row => row.KeyId == keyId);

    /// <summary>Adds the next entries of a key; answers how many, 0 too when another silo was faster.</summary>
    private static async Task<int> SumStepAsync(DataConnection connection, string keyId, long lastSequence, CancellationToken token)
    {
        var position = await Positions(connection, keyId).Select(row => row.RolledUpSequence).FirstOrDefaultAsync(token);
        var entries = connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId && entry.Sequence > position && entry.Sequence <= lastSequence);
        var sequences = await entries.OrderBy(entry => entry.Sequence).Select(entry => entry.Sequence).Take(EntriesOfOneStepMax).ToListAsync(token);
        if (sequences is not [.., var next])
        {
            return 0;
        }

        var hours = await UsageHourRow.SumAsync(entries.Where(entry => entry.Sequence <= next), token);
        return await TryMoveAsync(connection, keyId, position, next, hours, token) ? sequences.Count : 0;
    }

    private static async Task<bool> TryMoveAsync(
        DataConnection connection, string keyId, long from, long to, IEnumerable<UsageHourRow> hours, CancellationToken token)
    {
        // Before anything is written, since it locks the key's position: whoever comes second finds it moved, and has written nothing yet.
        var moved = await Positions(connection, keyId)
            .Where(row => row.RolledUpSequence == from)
            .Set(row => row.RolledUpSequence, to)
            .UpdateAsync(token);
        if (moved == 0)
        {
            return false;
        }

        foreach (var hour in hours)
        {
            await AddAsync(connection, hour, token);
        }

        return true;
    }

    private static async Task AddAsync(DataConnection connection, UsageHourRow hour, CancellationToken token)
    {
        var updated = await connection.GetTable<UsageHourRow>()
            .Where(row => row.KeyId == hour.KeyId && row.HourStart == hour.HourStart && row.Dimensions == hour.Dimensions)
            .Set(row => row.Requests, row => row.Requests + hour.Requests)
            .Set(row => row.InputTokens, row => row.InputTokens + hour.InputTokens)
            .Set(row => row.CachedInputTokens, row => row.CachedInputTokens + hour.CachedInputTokens)
            .Set(row => row.AudioInputTokens, row => row.AudioInputTokens + hour.AudioInputTokens)
            .Set(row => row.OutputTokens, row => row.OutputTokens + hour.OutputTokens)
            .Set(row => row.ReasoningTokens, row => row.ReasoningTokens + hour.ReasoningTokens)
            .Set(row => row.AudioOutputTokens, row => row.AudioOutputTokens + hour.AudioOutputTokens)
            .Set(row => row.CacheWriteInputTokens, row => row.CacheWriteInputTokens + hour.CacheWriteInputTokens)
            .Set(row => row.CostNanoUsd, row => row.CostNanoUsd + hour.CostNanoUsd)
            .Set(row => row.PricedRequests, row => row.PricedRequests + hour.PricedRequests)
            .UpdateAsync(token);
        if (updated == 0)
        {
            await connection.InsertAsync(hour, token: token);
        }
    }
}
