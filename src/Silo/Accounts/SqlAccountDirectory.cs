using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Accounts;
using Relay.Grains.Quotas;
using Relay.Silo.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Accounts;

/// <summary>The directory of users, teams and the organization in SQL tables.</summary>
/// <param name="database">The database.</param>
/// <param name="leases">The same by connections of its own, for what a silo must read before its lease counts.</param>
internal sealed class SqlAccountDirectory(IRelayDatabase database, IRelayDatabase leases) : IAccountDirectory
{
    private static readonly string OrganizationLevel = LimitOwner.Of(Level.Organization);

    // All but those of keys, which are many more.
    private static readonly string[] LimitOwners =
        [LimitOwner.Of(Level.User), LimitOwner.Of(Level.Team), OrganizationLevel, LimitOwner.DefaultKey, LimitOwner.DefaultUser];

    public Task<long> ReadVersionAsync(CancellationToken cancellationToken) => leases.ReadAsync(ReadVersionAsync, cancellationToken);

    public Task<(long Version, IReadOnlyList<Account> Accounts)> ReadAllAsync(CancellationToken cancellationToken) =>
        leases.ReadAtOneMomentAsync<(long, IReadOnlyList<Account>)>(
            async (connection, token) =>
            {
                // In the order in which a change writes them, so that none of the two ever waits for the other in a circle.
                var version = await ReadVersionAsync(connection, token);
                var rows = await connection.GetTable<AccountRow>().ToListAsync(token);
                var limits = await ReadLimitsAsync(
                    connection.GetTable<LimitRow>().Where(static row => LimitOwners.Contains(row.OwnerLevel)), token);
                if (!rows.Exists(static row => string.Equals(row.Level, OrganizationLevel, StringComparison.Ordinal)))
                {
                    rows.Add(AccountRow.Organization);
                }

                return (version, rows.ConvertAll(row => row.ToAccount(limits)));
            },
            cancellationToken);

    public Task<Account?> FindAsync(AccountId id, CancellationToken cancellationToken) =>
        database.ReadAsync((connection, token) => FindAsync(connection, id, token), cancellationToken);

    public Task<IReadOnlyList<Account>> ListAsync(Level level, string? after, int limit, CancellationToken cancellationToken)
    {
        var (storedLevel, storedAfter) = (LimitOwner.Of(level), StoredText.Clean(after ?? ""));
        return database.ReadAsync<IReadOnlyList<Account>>(
            async (connection, token) =>
            {
                var page = await connection.GetTable<AccountRow>()
                    .Where(row => row.Level == storedLevel && string.CompareOrdinal(row.Id, storedAfter) > 0)
                    .OrderBy(row => row.Id)
                    .Take(limit)
                    .ToListAsync(token);
                if (page.Count == 0)
                {
                    return [];
                }

                // A page is a range of ids without a gap, so its limits are one range too.
                var (first, last) = (page[0].Id, page[^1].Id);
                var limits = await ReadLimitsAsync(
                    connection.GetTable<LimitRow>().Where(row => row.OwnerLevel == storedLevel
                        && string.CompareOrdinal(row.OwnerId, first) >= 0
                        && string.CompareOrdinal(row.OwnerId, last) <= 0),
                    token);
                return page.ConvertAll(row => row.ToAccount(limits));
            },
            cancellationToken);
    }

    public async Task<Account> PutAsync(AccountId id, Func<Account?, Account> change, CancellationToken cancellationToken)
    {
        var written = default(Account);
        await database.WriteAsync(
            async (connection, token) =>
            {
                await IncreaseVersionAsync(connection, token);
                var account = change(await FindAsync(connection, id, token));
                var row = AccountRow.From(account);
                if (await connection.UpdateAsync(row, token: token) == 0)
                {
                    await connection.InsertAsync(row, token: token);
                }

                await LimitRows.ReplaceAsync(connection, row.Level, row.Id, account.Limits, token);
                if (account.Level == Level.Organization)
                {
                    await LimitRows.ReplaceAsync(connection, LimitOwner.DefaultKey, row.Id, account.DefaultKeyLimits, token);
                    await LimitRows.ReplaceAsync(connection, LimitOwner.DefaultUser, row.Id, account.DefaultUserLimits, token);
                }

                written = await FindAsync(connection, id, token);
            },
            cancellationToken);
        return written!;
    }

    /// <summary>For a transaction that gives a user a key: makes the user, with the organization's default limits, unless there is one of that id.</summary>
    public static async Task AddUserAsync(DataConnection connection, string user, DateTimeOffset createdAt, CancellationToken cancellationToken)
    {
        var id = new AccountId(Level.User, user);
        if (await FindRowAsync(connection, id, cancellationToken) is not null)
        {
            return;
        }

        // Whoever makes the same user at the same time has that row first, or has it after this.
        await IncreaseVersionAsync(connection, cancellationToken);
        if (await FindRowAsync(connection, id, cancellationToken) is not null)
        {
            return;
        }

        var row = AccountRow.From(new Account { Level = Level.User, Id = user, CreatedAt = createdAt });
        await connection.InsertAsync(row, token: cancellationToken);
        var organization = await FindAsync(connection, AccountId.Organization, cancellationToken);
        await LimitRows.InsertAsync(connection, row.Level, row.Id, organization!.DefaultUserLimits, cancellationToken);
    }

    private static Task<long> ReadVersionAsync(DataConnection connection, CancellationToken cancellationToken) =>
        connection.GetTable<AccountVersionRow>().Select(static row => row.Version).SingleAsync(cancellationToken);

    private static async Task IncreaseVersionAsync(DataConnection connection, CancellationToken cancellationToken) =>
        await connection.GetTable<AccountVersionRow>()
            .Where(static row => row.Id == 1)
            .Set(static row => row.Version, static row => row.Version + 1)
            .UpdateAsync(cancellationToken);

    private static async Task<Account?> FindAsync(DataConnection connection, AccountId id, CancellationToken cancellationToken)
    {
        if (await FindRowAsync(connection, id, cancellationToken) is not { } row)
        {
            return null;
        }

        string[] owners = id.Level == Level.Organization ? [row.Level, LimitOwner.DefaultKey, LimitOwner.DefaultUser] : [row.Level];
        return row.ToAccount(await ReadLimitsAsync(
            connection.GetTable<LimitRow>().Where(limit => owners.Contains(limit.OwnerLevel) && limit.OwnerId == row.Id), cancellationToken));
    }

    /// <summary>An account's row; the organization is there although it has none.</summary>
    private static async Task<AccountRow?> FindRowAsync(DataConnection connection, AccountId id, CancellationToken cancellationToken)
    {
        var (level, storedId) = (LimitOwner.Of(id.Level), StoredText.Clean(id.Id));
        return await connection.GetTable<AccountRow>().FirstOrDefaultAsync(row => row.Level == level && row.Id == storedId, cancellationToken)
            ?? (id.Level == Level.Organization ? AccountRow.Organization : null);
    }

    private static async Task<ILookup<(string Level, string Id), Limit>> ReadLimitsAsync(IQueryable<LimitRow> rows, CancellationToken cancellationToken) =>
        (await rows.OrderBy(static row => row.OwnerLevel).ThenBy(static row => row.OwnerId).ThenBy(static row => row.Ordinal).ToListAsync(cancellationToken))
            .ToLookup(static row => (row.OwnerLevel, row.OwnerId), static row => row.ToLimit());
}
