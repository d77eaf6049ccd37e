using LinqToDB;
using LinqToDB.Async;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>The ledger in a SQL table.</summary>
internal sealed class SqlUsageLedger(IRelayDatabase database) : IUsageLedger
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
                },
                cancellationToken);
        }
        catch (Exception exception) when (database.IsUniqueViolation(exception))
        {
            throw new LedgerConflictException(
                "A sequence of a key, or a part of a request, is in the ledger already: nothing of the batch was written.", exception);
        }
    }

    public Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken) =>
        ReadEntriesAsync(
            rows => rows.Where(row => row.KeyId == keyId && row.Sequence > afterSequence).OrderBy(row => row.Sequence),
            cancellationToken);

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

            // A call has two parts at most, so that all of them are read for the one that is wanted.
            found.AddRange(entries.Where(entry => wanted.Contains((entry.Settlement.Call.RequestId, entry.Part))));
        }

        return found;
    }

    public async Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var groups = await database.ReadAsync(
            (connection, token) => UsageReport.Sums(connection, query).ToListAsync(token), cancellationToken);

        // Sorted here, because databases differ in where they put nulls and in what a collation takes for order.
        return groups
            .GroupBy(group => query.GroupBy is null ? null : group.Group, StringComparer.Ordinal)
            .Select(group => new UsageRow(
                group.Key, group.Aggregate(default(UsageTotals), static (sum, one) => sum + one.ToTotals())))
            .OrderBy(row => row.Group, StringComparer.Ordinal)
            .ToList();
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
