using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;

namespace Relay.Silo.Ledger;

/// <summary>Keys that the ledger, or what is made of it, knows and the directory does not.</summary>
internal static class StrayKeys
{
    /// <summary>Their ids in order, after the given one.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(DataConnection connection, string after, int limit, CancellationToken token) =>
        await connection.GetTable<UsageEntryRow>().Select(row => row.KeyId)
            .Union(connection.GetTable<UsageHourRow>().Select(row => row.KeyId))
            .Union(connection.GetTable<UsageCarriedRow>().Select(row => row.KeyId))
            .Union(connection.GetTable<UsagePositionRow>().Select(row => row.KeyId))
            .Where(id => string.CompareOrdinal(id, after) > 0 && !connection.GetTable<KnownKeyRow>().Any(key => key.Id == id))
            .OrderBy(id => id)
            .Take(limit)
            .ToListAsync(token);
}
