using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Allotments;

/// <summary>Allotments in SQL tables.</summary>
internal sealed class SqlAllotmentStore(IRelayDatabase database) : IAllotmentStore
{
    // A silo whose clock is behind may still ask for a window that is over elsewhere.
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(10);

    public async Task<IReadOnlyList<KeyAnswer>> AskAsync(
        IReadOnlyList<KeyAsk> asks, IReadOnlyList<int> warnAt, CancellationToken cancellationToken)
    {
        var answers = default(IReadOnlyList<KeyAnswer>);
        await database.WriteAsync(
            async (connection, token) => answers = await new AllotmentTransaction(database, connection, warnAt).AnswerAsync(asks, token),
            cancellationToken);
        return answers!;
    }

    public async Task OpenAsync(LimitKey limit, WindowBounds window, IReadOnlyList<Allotment> used, CancellationToken cancellationToken)
    {
        var id = LimitId.Of(limit);
        var end = LimitId.WindowEndOf(window.End ?? DateTimeOffset.MaxValue);
        var opened = new AllotmentWindowRow
        {
            LimitId = id,
            WindowEnd = end,
            AccountLevel = StoredName<Level>.Of(limit.Account.Level),
            AccountId = StoredText.Clean(limit.Account.Id),
            Allotted = used.Sum(static row => row.Ceiling),
            Used = used.Sum(static row => row.Used),
            Warned = 0,
            WouldRefuse = 0,
        };
        var rows = used
            .Select(row => new AllotmentRow { LimitId = id, WindowEnd = end, KeyId = row.KeyId, Ceiling = row.Ceiling, Used = row.Used })
            .ToList();
        try
        {
            await database.WriteAsync(
                async (connection, token) =>
                {
                    if (window.End is not null)
                    {
                        await ForgetAsync(connection, id, (window.Start - ForgottenAfter).ToUnixTimeMilliseconds(), token);
                    }

                    await connection.InsertAsync(opened, token: token);
                    if (rows.Count > 0)
                    {
                        await database.InsertAsync(connection, rows, token);
                    }
                },
                cancellationToken);
        }
        catch (Exception exception) when (database.IsUniqueViolation(exception))
        {
            // Another silo was faster, with the same ledger.
        }
    }

    public Task<AllotmentSums?> FindAsync(LimitKey limit, DateTimeOffset windowEnd, CancellationToken cancellationToken)
    {
        var (id, end) = (LimitId.Of(limit), LimitId.WindowEndOf(windowEnd));
        return database.ReadAsync<AllotmentSums?>(
            async (connection, token) =>
                await connection.GetTable<AllotmentWindowRow>().FirstOrDefaultAsync(row => row.LimitId == id && row.WindowEnd == end, token) is { } row
                    ? new AllotmentSums(row.Allotted, row.WouldRefuse)
                    : null,
            cancellationToken);
    }

    public Task<IReadOnlyList<Allotment>> ListUnusedAsync(LimitKey limit, DateTimeOffset windowEnd, CancellationToken cancellationToken)
    {
        var (id, end) = (LimitId.Of(limit), LimitId.WindowEndOf(windowEnd));
        return database.ReadAsync<IReadOnlyList<Allotment>>(
            async (connection, token) => (await connection.GetTable<AllotmentRow>()
                .Where(row => row.LimitId == id && row.WindowEnd == end && row.Ceiling > row.Used)
                .ToListAsync(token)).ConvertAll(static row => row.ToAllotment()),
            cancellationToken);
    }

    private static async Task ForgetAsync(DataConnection connection, string limitId, long endedBefore, CancellationToken cancellationToken)
    {
        await connection.GetTable<AllotmentRow>()
            .Where(row => row.LimitId == limitId && row.WindowEnd < endedBefore)
            .DeleteAsync(cancellationToken);
        await connection.GetTable<AllotmentWindowRow>()
            .Where(row => row.LimitId == limitId && row.WindowEnd < endedBefore)
            .DeleteAsync(cancellationToken);
    }
}
