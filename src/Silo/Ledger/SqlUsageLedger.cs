using System.Linq.Expressions;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>The ledger in a SQL table.</summary>
internal sealed class SqlUsageLedger(SqliteDatabase database) : IUsageLedger
{
    // Parameters, never literals: no text of a client becomes part of a statement.
    private static readonly BulkCopyOptions Insert = new(BulkCopyType: BulkCopyType.MultipleRows, UseParameters: true);

    public Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken)
    {
        var rows = entries.Select(UsageEntryRow.From).ToList();
        return database.WriteAsync((connection, token) => connection.BulkCopyAsync(Insert, rows, token), cancellationToken);
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
        var requestIds = ids.Select(id => UsageEntryRow.IdOf(id.RequestId)).Distinct(StringComparer.Ordinal).ToList();
        var entries = await ReadEntriesAsync(rows => rows.Where(row => requestIds.Contains(row.RequestId)), cancellationToken);
        return entries.Where(entry => ids.Contains((entry.Settlement.Call.RequestId, entry.Part))).ToList();
    }

    public async Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var groups = await database.ReadAsync(
            (connection, token) => Sums(Matching(connection, query), query.GroupBy).ToListAsync(token),
            cancellationToken);

        // Sorted here, because databases differ in where they put nulls and in what a collation takes for order.
        return groups
            .Where(group => group.Entries > 0)
            .Select(group => group.ToUsageRow())
            .OrderBy(row => row.Group, StringComparer.Ordinal)
            .ToList();
    }

    private static IQueryable<UsageEntryRow> Matching(DataConnection connection, UsageQuery query)
    {
        IQueryable<UsageEntryRow> rows = connection.GetTable<UsageEntryRow>();
        if (query.From is { } from)
        {
            var fromMs = CeilingMs(from);
            rows = rows.Where(row => row.ReservedAt >= fromMs);
        }

        if (query.To is { } to)
        {
            var toMs = CeilingMs(to);
            rows = rows.Where(row => row.ReservedAt < toMs);
        }

        if (query.User is not null)
        {
            var user = StoredText.Clean(query.User);
            rows = rows.Where(row => row.User == user);
        }

        return rows;
    }

    private static IQueryable<UsageSum> Sums(IQueryable<UsageEntryRow> rows, UsageGroup? groupBy)
    {
        Expression<Func<UsageEntryRow, string?>> group = groupBy switch
        {
            UsageGroup.User => row => row.User,
            UsageGroup.Key => row => row.KeyId,
            UsageGroup.Team => row => row.Team,
            UsageGroup.Model => row => row.Model,
            UsageGroup.Endpoint => row => row.Endpoint,
            null => row => null,
            _ => throw new ArgumentOutOfRangeException(nameof(groupBy), groupBy, "No such group."),
        };

        return rows.GroupBy(group).Select(rowsOf => new UsageSum
        {
            Group = rowsOf.Key,
            Entries = rowsOf.Count(),
            Requests = rowsOf.Sum(row => (long)row.Requests),
            InputTokens = rowsOf.Sum(row => row.InputTokens),
            CachedInputTokens = rowsOf.Sum(row => row.CachedInputTokens),
            AudioInputTokens = rowsOf.Sum(row => row.AudioInputTokens),
            OutputTokens = rowsOf.Sum(row => row.OutputTokens),
            ReasoningTokens = rowsOf.Sum(row => row.ReasoningTokens),
            AudioOutputTokens = rowsOf.Sum(row => row.AudioOutputTokens),
        });
    }

    private async Task<IReadOnlyList<UsageEntry>> ReadEntriesAsync(
        Func<IQueryable<UsageEntryRow>, IQueryable<UsageEntryRow>> select, CancellationToken cancellationToken)
    {
        var rows = await database.ReadAsync(
            (connection, token) => select(connection.GetTable<UsageEntryRow>()).ToListAsync(token),
            cancellationToken);
        return rows.ConvertAll(row => row.ToEntry());
    }

    // Rows keep whole milliseconds, rounded down. An instant within one lies after the row of that millisecond.
    private static long CeilingMs(DateTimeOffset instant)
    {
        var ms = instant.ToUnixTimeMilliseconds();
        return instant.UtcTicks % TimeSpan.TicksPerMillisecond == 0 ? ms : ms + 1;
    }
}
