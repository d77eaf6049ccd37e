using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>The ledger in a SQL table.</summary>
/// <param name="database">Where the table is.</param>
/// <param name="unrolled">Is told what was committed.</param>
internal sealed class SqlUsageLedger(IRelayDatabase database, UnrolledSums unrolled) : IUsageLedger
{
    // SQL Server takes at most 2,100 parameters in a statement, and the plan of a long list is dear everywhere.
    private const int IdsOfOneQueryMax = 500;

    public async Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken)
    {
        var rows = entries.Select(UsageEntryRow.From).ToList();
        var newKeys = rows
            .Where(row => row.Sequence == 1)
            .Select(row => new UsagePositionRow { KeyId = row.KeyId, RolledUpSequence = 0 })
            .ToList();
        try
        {
            await database.WriteAsync(
                async (connection, token) =>
                {
                    await database.InsertAsync(connection, rows, token);
                    if (newKeys.Count > 0)
                    {
                        await database.InsertAsync(connection, newKeys, token);
                    }

                    await ThrowIfDroppedAsync(connection, rows, token);
                },
                cancellationToken);
        }
        catch (Exception exception) when (database.IsUniqueViolation(exception))
        {
            throw new LedgerConflictException(
                "A sequence of a key, or a part of a request, is in the ledger already: nothing of the batch was written.", exception);
        }

        unrolled.Add(rows);
    }

    public Task ProbeAsync(CancellationToken cancellationToken)
    {
        var nobodys = new UsagePositionRow { KeyId = Guid.NewGuid().ToString("N"), RolledUpSequence = 0 };
        return database.WriteAsync(
            async (connection, token) =>
            {
                await connection.InsertAsync(nobodys, token: token);
                await connection.DeleteAsync(nobodys, token: token);
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken) =>
        ReadEntriesAsync(
            rows => rows.Where(row => row.KeyId == keyId && row.Sequence > afterSequence).OrderBy(row => row.Sequence),
            cancellationToken);

    public Task<CarriedUsage?> ReadCarriedAsync(string keyId, CancellationToken cancellationToken) =>
        database.ReadAsync((connection, token) => ReadCarriedAsync(connection, keyId, token), cancellationToken);

    public Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId, CancellationToken cancellationToken)
    {
        var id = UsageEntryRow.IdOf(requestId);
        return ReadEntriesAsync(rows => rows.Where(row => row.RequestId == id).OrderBy(row => row.Part), cancellationToken);
    }

    public async Task<IReadOnlyList<UsageEntry>> FindManyAsync(
        IReadOnlyCollection<(Guid RequestId, int Part)> ids, CancellationToken cancellationToken)
    {
        var wanted = ids.ToHashSet();
        var found = new List<UsageEntry>();
        foreach (var requestIds in wanted.Select(id => UsageEntryRow.IdOf(id.RequestId)).Distinct(StringComparer.Ordinal).Chunk(IdsOfOneQueryMax))
        {
            // The list stands in the statement as literals, which is safe: they are Relay's own ids, of hex digits only.
            var entries = await ReadEntriesAsync(rows => rows.Where(row => requestIds.Contains(row.RequestId)), cancellationToken);

            // A call has few parts, so that all of them are read for the one that is wanted.
            found.AddRange(entries.Where(entry => wanted.Contains((entry.Settlement.Call.RequestId, entry.Part))));
        }

        return found;
    }

    public async Task<IReadOnlyList<IReadOnlyList<UsageEntry>>> ReadCallsAsync(
        string keyId, DateTimeOffset reservedFrom, DateTimeOffset reservedBefore, long afterSequence, int limit, CancellationToken cancellationToken)
    {
        var (fromMs, toMs) = (UsageReport.CeilingMs(reservedFrom), UsageReport.CeilingMs(reservedBefore));
        var first = await ReadEntriesAsync(
            rows => rows
                .Where(row => row.KeyId == keyId && row.Sequence > afterSequence && row.Part == 0 && row.ReservedAt >= fromMs && row.ReservedAt < toMs)
                .OrderBy(row => row.Sequence)
                .Take(limit),
            cancellationToken);
        var all = new List<UsageEntry>();
        foreach (var requestIds in first.Select(entry => UsageEntryRow.IdOf(entry.Settlement.Call.RequestId)).Chunk(IdsOfOneQueryMax))
        {
            all.AddRange(await ReadEntriesAsync(rows => rows.Where(row => requestIds.Contains(row.RequestId)), cancellationToken));
        }

        var byCall = all.OrderBy(static entry => entry.Part).ToLookup(static entry => entry.Settlement.Call.RequestId);
        return [.. first.Select(entry => (IReadOnlyList<UsageEntry>)[.. byCall[entry.Settlement.Call.RequestId]])];
    }

    public async Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var groups = await database.ReadAtOneMomentAsync(
            (connection, token) => UsageReport.Sums(connection, query).ToListAsync(token), cancellationToken);

        // Sorted here, because databases differ in where they put nulls and in what a collation takes for order.
        return groups
            .GroupBy(group => query.GroupBy is null ? null : group.Group, StringComparer.Ordinal)
            .Select(group => new UsageRow(
                group.Key, group.Aggregate(default(UsageTotals), static (sum, one) => sum + one.ToTotals())))
            .OrderBy(row => row.Group, StringComparer.Ordinal)
            .ToList();
    }

    /// <summary>
    /// A sequence that is dropped is taken, although no row shows it any more. Asked after the insert, which waits for whoever is just
    /// dropping that row.
    /// </summary>
    private static async Task ThrowIfDroppedAsync(DataConnection connection, List<UsageEntryRow> rows, CancellationToken token)
    {
        foreach (var keys in rows.Select(row => row.KeyId).Distinct(StringComparer.Ordinal).Chunk(IdsOfOneQueryMax))
        {
            var dropped = await DroppedSequences.ReadAsync(connection, keys, token);
            if (rows.Find(row => dropped.TryGetValue(row.KeyId, out var sequence) && row.Sequence <= sequence) is { } taken)
            {
                throw new LedgerConflictException(
                    $"Sequence {taken.Sequence} of {taken.KeyId} is dropped already: nothing of the batch was written.", null);
            }
        }
    }

    /// <summary>The position is read before the sums and after them: in between, they cannot have moved.</summary>
    private static async Task<CarriedUsage?> ReadCarriedAsync(DataConnection connection, string keyId, CancellationToken token)
    {
        var positions = connection.GetTable<UsagePositionRow>().Where(row => row.KeyId == keyId && row.DroppedSequence > 0);
        while (await positions.FirstOrDefaultAsync(token) is { } position)
        {
            var sums = await connection.GetTable<UsageCarriedRow>().Where(row => row.KeyId == keyId).ToListAsync(token);
            if (await positions.AnyAsync(row => row.DroppedSequence == position.DroppedSequence, token))
            {
                return new CarriedUsage(
                    position.DroppedSequence,
                    DateTimeOffset.FromUnixTimeMilliseconds(position.DroppedReservedAt),
                    [.. sums.Select(static sum => sum.ToModelTotals())]);
            }
        }

        return null;
    }

    private async Task<IReadOnlyList<UsageEntry>> ReadEntriesAsync(
        Func<IQueryable<UsageEntryRow>, IQueryable<UsageEntryRow>> select, CancellationToken cancellationToken)
    {
        var rows = await database.ReadAsync(
            (connection, token) => select(connection.GetTable<UsageEntryRow>()).ToListAsync(token),
            cancellationToken);
        return rows.ConvertAll(row => row.ToEntry());
    }
}
