using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>
/// Keys with entries, but without the row that says which of them are in the hourly sums. Reports do not see such a key, and neither
/// roll-up nor retention comes to it.
/// </summary>
internal static class LostPositions
{
    /// <summary>What the key's first hour should be, when its position is lost; null when it is there, or the key has no entries.</summary>
    public static async Task<RollUpDifference?> FindAsync(DataConnection connection, string keyId, CancellationToken token)
    {
        var first = await connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == keyId
                && !connection.GetTable<UsagePositionRow>().Any(position => position.KeyId == entry.KeyId))
            .OrderBy(entry => entry.ReservedAt)
            .Select(entry => (long?)entry.ReservedAt)
            .FirstOrDefaultAsync(token);
        if (first is not { } reservedAt)
        {
            return null;
        }

        var hour = UsageHourRow.HourStartOf(reservedAt);
        var sums = await UsageHourRow.SumAsync(
            connection.GetTable<UsageEntryRow>()
                .Where(entry => entry.KeyId == keyId && entry.ReservedAt >= hour && entry.ReservedAt < hour + UsageHourRow.HourMs),
            token);
        var expected = sums.Aggregate(default(UsageTotals), static (sum, row) => sum + row.ToTotals());
        return new RollUpDifference(DateTimeOffset.FromUnixTimeMilliseconds(hour), expected, default);
    }

    /// <summary>
    /// Puts a lost position back, from which the sums are made anew. Not where entries were dropped: up to which, only the position knew.
    /// </summary>
    public static async Task RestoreAsync(DataConnection connection, string keyId, CancellationToken token)
    {
        if (await connection.GetTable<UsagePositionRow>().AnyAsync(position => position.KeyId == keyId, token)
            || await connection.GetTable<UsageCarriedRow>().AnyAsync(sum => sum.KeyId == keyId, token)
            || !await connection.GetTable<UsageEntryRow>().AnyAsync(entry => entry.KeyId == keyId, token))
        {
            return;
        }

        await connection.InsertAsync(new UsagePositionRow { KeyId = keyId, RolledUpSequence = 0 }, token: token);
        await connection.GetTable<UsageHourRow>().Where(hour => hour.KeyId == keyId).DeleteAsync(token);
    }
}
