using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;
using Relay.Silo.Accounts;
using Relay.Silo.Ledger;
using Relay.Silo.Ownership;
using Relay.Silo.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Keys;

/// <summary>The directory of keys in SQL tables.</summary>
internal sealed class SqlKeyDirectory(IRelayDatabase database, TimeProvider time) : IKeyDirectory
{
    public Task InsertAsync(KeySettings settings, CancellationToken cancellationToken)
    {
        var key = KeyRow.From(settings);
        return database.WriteAsync(
            async (connection, token) =>
            {
                await connection.InsertAsync(key, token: token);
                await SqlAccountDirectory.AddUserAsync(connection, key.User, settings.CreatedAt, token);
                await LimitRows.InsertAsync(connection, LimitOwner.Key, key.Id, settings.Limits, token);
            },
            cancellationToken);
    }

    public Task UpdateAsync(KeyClaim owner, KeySettings settings, CancellationToken cancellationToken)
    {
        var key = KeyRow.From(settings);
        return database.WriteAsync(
            async (connection, token) =>
            {
                await SqlKeyOwners.LockAsync(connection, owner, token);
                await connection.UpdateAsync(key, token: token);
                await SqlAccountDirectory.AddUserAsync(connection, key.User, time.GetUtcNow(), token);
                await LimitRows.ReplaceAsync(connection, LimitOwner.Key, key.Id, settings.Limits, token);
            },
            cancellationToken);
    }

    public Task<KeySettings?> FindAsync(string keyId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async (connection, token) =>
            {
                var key = await connection.GetTable<KeyRow>().FirstOrDefaultAsync(row => row.Id == keyId, token);
                return key?.ToSettings(await LimitsOf(connection, keyId, keyId).ToListAsync(token));
            },
            cancellationToken);

    public Task RevokeAsync(KeyClaim owner, DateTimeOffset revokedAt, CancellationToken cancellationToken)
    {
        var revokedAtMs = revokedAt.ToUnixTimeMilliseconds();
        return database.WriteAsync(
            async (connection, token) =>
            {
                await SqlKeyOwners.LockAsync(connection, owner, token);
                await connection.GetTable<KeyRow>()
                    .Where(row => row.Id == owner.KeyId && row.RevokedAt == null)
                    .Set(row => row.RevokedAt, revokedAtMs)
                    .UpdateAsync(token);
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<KeyInfo>> ListAsync(string? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync((connection, token) => ListAsync(connection, after ?? "", limit, token), cancellationToken);

    public Task<bool> UserExistsAsync(string user, CancellationToken cancellationToken)
    {
        var stored = StoredText.Clean(user);
        return database.ReadAsync(
            async (connection, token) =>
                await connection.GetTable<KeyRow>().AnyAsync(row => row.User == stored, token)
                || await connection.GetTable<UsageEntryRow>().AnyAsync(row => row.User == stored, token)
                || await connection.GetTable<UsageHourRow>().AnyAsync(row => row.User == stored, token),
            cancellationToken);
    }

    private static async Task<IReadOnlyList<KeyInfo>> ListAsync(
        DataConnection connection, string after, int limit, CancellationToken token)
    {
        var entries = connection.GetTable<UsageEntryRow>();
        var positions = connection.GetTable<UsagePositionRow>();
        var page = await connection.GetTable<KeyRow>()
            .Where(key => string.CompareOrdinal(key.Id, after) > 0)
            .OrderBy(key => key.Id)
            .Take(limit)
            .Select(key => new
            {
                Key = key,

                // The newest by sequence, which the primary key finds in one step, however long the key's history is.
                LastUsedAt = entries.Where(entry => entry.KeyId == key.Id)
                    .OrderByDescending(entry => entry.Sequence)
                    .Select(entry => (long?)entry.ReservedAt)
                    .FirstOrDefault(),

                // Of a key whose entries are all dropped.
                LastDroppedAt = positions.Where(position => position.KeyId == key.Id && position.DroppedSequence > 0)
                    .Select(position => (long?)position.DroppedReservedAt)
                    .FirstOrDefault(),
            })
            .ToListAsync(token);
        if (page.Count == 0)
        {
            return [];
        }

        // A page is a range of ids without a gap, so its limits are one range too.
        var limits = (await LimitsOf(connection, page[0].Key.Id, page[^1].Key.Id).ToListAsync(token))
            .ToLookup(row => row.OwnerId, StringComparer.Ordinal);
        return page.ConvertAll(row => new KeyInfo(
            row.Key.ToSettings(limits[row.Key.Id]),
            (row.LastUsedAt ?? row.LastDroppedAt) is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null));
    }

    private static IQueryable<LimitRow> LimitsOf(DataConnection connection, string firstKeyId, string lastKeyId) =>
        connection.GetTable<LimitRow>()
            .Where(row => row.OwnerLevel == LimitOwner.Key
                && string.CompareOrdinal(row.OwnerId, firstKeyId) >= 0
                && string.CompareOrdinal(row.OwnerId, lastKeyId) <= 0)
            .OrderBy(row => row.OwnerId)
            .ThenBy(row => row.Ordinal);
}
