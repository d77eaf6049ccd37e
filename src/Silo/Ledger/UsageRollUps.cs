using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>
/// Adds the ledger's entries to the hourly sums. Each step is one transaction, which moves the key's position and adds what lies
/// between, so that no entry is added twice, however many silos do this and whenever one of them stops.
/// </summary>
internal sealed class UsageRollUps(IRelayDatabase database)
{
    /// <summary>The most entries of one transaction.</summary>
    public const int EntriesOfOneStepMax = 1_000;

    private const int KeysOfOneQueryMax = 500;

    /// <summary>Adds all that is there now.</summary>
    public async Task RollUpAsync(CancellationToken cancellationToken)
    {
        var after = "";
        while (await FindKeysAsync(after, cancellationToken) is [.., var last] keys)
        {
            foreach (var key in keys)
            {
                await RollUpAsync(key, cancellationToken);
            }

            after = last;
        }
    }

    /// <summary>
    /// Makes a key's sums anew. Reports stay exact: in one transaction the sums go, and the position with them, so that they read
    /// the entries themselves until those are added again.
    /// </summary>
    public async Task RebuildAsync(string keyId, CancellationToken cancellationToken)
    {
        await database.WriteAsync(
            async (connection, token) =>
            {
                // First, for the lock that every step takes.
                await connection.GetTable<UsagePositionRow>()
                    .Where(row => row.KeyId == keyId)
                    .Set(row => row.RolledUpSequence, 0)
                    .UpdateAsync(token);
                await connection.GetTable<UsageHourRow>().Where(row => row.KeyId == keyId).DeleteAsync(token);
            },
            cancellationToken);
        await RollUpAsync(keyId, cancellationToken);
    }

    private async Task RollUpAsync(string keyId, CancellationToken cancellationToken)
    {
        int added;
        do
        {
            added = 0;
            await database.WriteAsync(
                async (connection, token) => added = await RollUpStepAsync(connection, keyId, token), cancellationToken);
        }
        while (added == EntriesOfOneStepMax);
    }

    private Task<List<string>> FindKeysAsync(string after, CancellationToken cancellationToken) =>
        database.ReadAsync(
            (connection, token) => connection.GetTable<UsagePositionRow>()
                .Where(position => string.CompareOrdinal(position.KeyId, after) > 0
                    && connection.GetTable<UsageEntryRow>()
                        .Any(entry => entry.KeyId == position.KeyId && entry.Sequence > position.RolledUpSequence))
                .OrderBy(position => position.KeyId)
                .Take(KeysOfOneQueryMax)
                .Select(position => position.KeyId)
                .ToListAsync(token),
            cancellationToken);

    /// <summary>Adds the next entries of a key; answers how many, 0 too when another silo was faster.</summary>
    private static async Task<int> RollUpStepAsync(DataConnection connection, string keyId, CancellationToken token)
    {
        var positions = connection.GetTable<UsagePositionRow>().Where(row => row.KeyId == keyId);
        var position = await positions.Select(row => row.RolledUpSequence).FirstOrDefaultAsync(token);
        var entries = await connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId && entry.Sequence > position)
            .OrderBy(entry => entry.Sequence)
            .Take(EntriesOfOneStepMax)
            .ToListAsync(token);
        if (entries.Count == 0)
        {
            return 0;
        }

        // First, since it locks the key's position: whoever comes second finds it moved, and has written nothing yet.
        var next = entries[^1].Sequence;
        var moved = await positions
            .Where(row => row.RolledUpSequence == position)
            .Set(row => row.RolledUpSequence, next)
            .UpdateAsync(token);
        if (moved == 0)
        {
            return 0;
        }

        foreach (var hour in UsageHourRow.Sum(entries))
        {
            await AddAsync(connection, hour, token);
        }

        return entries.Count;
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
            .UpdateAsync(token);
        if (updated == 0)
        {
            await connection.InsertAsync(hour, token: token);
        }
    }
}
