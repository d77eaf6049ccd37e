using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Relay.Grains.Keys;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>
/// Drops old entries from the ledger: a key's first ones, as far as they are in the hourly sums and in the snapshot that storage
/// has. Each step is one transaction, which moves the key's position, adds what it drops to the carried sums and deletes it, so that
/// at any moment the carried sums and what is left are the whole, however many silos do this and whenever one of them stops.
/// </summary>
internal sealed partial class UsageRetention(
    IRelayDatabase database, IGrainFactory grains, IOptions<ReportOptions> options, TimeProvider time, ILogger<UsageRetention> logger)
{
    /// <summary>The most entries of one transaction.</summary>
    public const int EntriesOfOneStepMax = 1_000;

    private const int KeysOfOneQueryMax = 500;

    /// <summary>Calls reserved before this instant may be dropped.</summary>
    /// <remarks>
    /// Never one of this month, whatever the time zone of the quotas is: so no window but the total one can miss it when a key's
    /// counts must be made from the ledger. A day more covers time zones, weeks with a change of the clocks, and silos' clocks.
    /// </remarks>
    public static DateTimeOffset CutoffOf(DateTimeOffset now, int retentionDays)
    {
        var yesterday = now.UtcDateTime.AddDays(-1);
        var month = new DateTimeOffset(yesterday.Year, yesterday.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var aged = now.AddDays(-retentionDays);
        return (aged < month ? aged : month).AddDays(-1);
    }

    /// <summary>Drops all that is old now; nothing when it is to be kept for ever. What fails for one key does not stop the others.</summary>
    public async Task DropAsync(CancellationToken cancellationToken)
    {
        if (options.Value.RetentionDays == 0)
        {
            return;
        }

        var cutoffMs = CutoffOf(time.GetUtcNow(), options.Value.RetentionDays).ToUnixTimeMilliseconds();
        var after = "";
        while (await FindKeysAsync(after, cutoffMs, cancellationToken) is [.., var last] keys)
        {
            foreach (var key in keys)
            {
                try
                {
                    await DropAsync(key, cutoffMs, cancellationToken);
                }
                catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
                {
                    LogFailed(logger, exception, key);
                }
            }

            after = last;
        }
    }

    private async Task DropAsync(string keyId, long cutoffMs, CancellationToken cancellationToken)
    {
        var saved = await grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId)).SaveSnapshotAsync().WaitAsync(cancellationToken);
        var all = 0L;
        int dropped;
        do
        {
            dropped = 0;
            await database.WriteAsync(
                async (connection, token) => dropped = await DropStepAsync(connection, keyId, saved, cutoffMs, token), cancellationToken);
            all += dropped;
        }
        while (dropped == EntriesOfOneStepMax);

        if (all > 0)
        {
            LogDropped(logger, all, keyId);
        }
    }

    /// <summary>The keys whose oldest entry is old and rolled up, also after a gap, which is told anew in every pass.</summary>
    private Task<List<string>> FindKeysAsync(string after, long cutoffMs, CancellationToken cancellationToken) =>
        database.ReadAsync(
            (connection, token) => connection.GetTable<UsagePositionRow>()
                .Where(position => string.CompareOrdinal(position.KeyId, after) > 0
                    && position.RolledUpSequence > position.DroppedSequence
                    && connection.GetTable<UsageEntryRow>()
                        .Where(entry => entry.KeyId == position.KeyId && entry.Sequence > position.DroppedSequence)
                        .OrderBy(entry => entry.Sequence)
                        .Select(entry => (long?)entry.ReservedAt)
                        .FirstOrDefault() < cutoffMs)
                .OrderBy(position => position.KeyId)
                .Take(KeysOfOneQueryMax)
                .Select(position => position.KeyId)
                .ToListAsync(token),
            cancellationToken);

    /// <summary>Drops the next entries of a key; answers how many, 0 too when another silo was faster.</summary>
    private async Task<int> DropStepAsync(
        DataConnection connection, string keyId, long savedSequence, long cutoffMs, CancellationToken token)
    {
        var positions = connection.GetTable<UsagePositionRow>().Where(row => row.KeyId == keyId);
        var position = await positions.FirstAsync(token);
        var droppedBefore = position.DroppedSequence;
        var lastSequence = Math.Min(position.RolledUpSequence, savedSequence);
        var old = (await connection.GetTable<UsageEntryRow>()
                .Where(entry => entry.KeyId == keyId && entry.Sequence > droppedBefore && entry.Sequence <= lastSequence)
                .OrderBy(entry => entry.Sequence)
                .Take(EntriesOfOneStepMax)
                .ToListAsync(token))
            .TakeWhile(entry => entry.ReservedAt < cutoffMs)
            .ToList();
        var entries = old.TakeWhile((entry, index) => entry.Sequence == droppedBefore + index + 1).ToList();
        if (entries.Count < old.Count)
        {
            // What is lost must stay to be seen, not vanish in a sum.
            LogGap(logger, droppedBefore + entries.Count + 1, keyId);
        }

        if (entries.Count == 0)
        {
            return 0;
        }

        // First, since it locks the key's position: whoever comes second finds it moved, and has written nothing yet.
        var next = entries[^1].Sequence;
        var reservedAt = Math.Max(position.DroppedReservedAt, entries.Max(entry => entry.ReservedAt));
        var moved = await positions
            .Where(row => row.DroppedSequence == droppedBefore && row.RolledUpSequence >= next)
            .Set(row => row.DroppedSequence, next)
            .Set(row => row.DroppedReservedAt, reservedAt)
            .UpdateAsync(token);
        if (moved == 0)
        {
            return 0;
        }

        foreach (var sum in UsageCarriedRow.Sum(entries))
        {
            await AddAsync(connection, sum, token);
        }

        var deleted = await connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId && entry.Sequence > droppedBefore && entry.Sequence <= next)
            .DeleteAsync(token);
        return deleted == entries.Count
            ? deleted
            : throw new InvalidOperationException($"{deleted} entries of {keyId} would be deleted in place of {entries.Count}.");
    }

    private static async Task AddAsync(DataConnection connection, UsageCarriedRow sum, CancellationToken token)
    {
        var updated = await connection.GetTable<UsageCarriedRow>()
            .Where(row => row.KeyId == sum.KeyId && row.Model == sum.Model)
            .Set(row => row.Requests, row => row.Requests + sum.Requests)
            .Set(row => row.InputTokens, row => row.InputTokens + sum.InputTokens)
            .Set(row => row.CachedInputTokens, row => row.CachedInputTokens + sum.CachedInputTokens)
            .Set(row => row.AudioInputTokens, row => row.AudioInputTokens + sum.AudioInputTokens)
            .Set(row => row.OutputTokens, row => row.OutputTokens + sum.OutputTokens)
            .Set(row => row.ReasoningTokens, row => row.ReasoningTokens + sum.ReasoningTokens)
            .Set(row => row.AudioOutputTokens, row => row.AudioOutputTokens + sum.AudioOutputTokens)
            .Set(row => row.CacheWriteInputTokens, row => row.CacheWriteInputTokens + sum.CacheWriteInputTokens)
            .Set(row => row.CostNanoUsd, row => row.CostNanoUsd + sum.CostNanoUsd)
            .Set(row => row.PricedRequests, row => row.PricedRequests + sum.PricedRequests)
            .UpdateAsync(token);
        if (updated == 0)
        {
            await connection.InsertAsync(sum, token: token);
        }
    }
}
