using System.Collections.Immutable;
using Relay.Grains.Accounts;
using Relay.Grains.Directory;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Silo.Tests.Keys;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Accounts;

/// <summary>What every database's directory of accounts does. A database joins with a class that gives it an empty one.</summary>
public abstract class AccountDirectoryContract
{
    private const string Key = "key_0000000000000001";
    private static readonly AccountId Ann = new(Level.User, "ann");
    private static readonly AccountId Sales = new(Level.Team, "sales");

    private static readonly ImmutableArray<Limit> TwelveLimits =
    [
        .. Enumerable.Range(0, 12).Select(n => new Limit(
            Metric.Tokens, Window.Month, n + (1L << 40), n % 2 == 0 ? null : $"m{n}", n % 3 == 0 ? Enforcement.Hard : Enforcement.Soft)),
    ];

    /// <summary>The directory under test, without accounts at first.</summary>
    protected abstract IAccountDirectory Directory { get; }

    /// <summary>The same as another silo has it, where it can be shared.</summary>
    protected abstract IAccountDirectory Other { get; }

    /// <summary>The keys of the same database.</summary>
    protected abstract IKeyDirectory Keys { get; }

    /// <summary>The keys' owners of the same database.</summary>
    protected abstract IKeyOwners Owners { get; }

    [SkippableTheory]
    [InlineData(Level.User, "ann")]
    [InlineData(Level.Team, "sales/berlin%2F")]
    [InlineData(Level.User, "organization")]
    [InlineData(Level.Organization, "organization")]
    public async Task Put_EveryField_ReadsBackTheSame(Level level, string id)
    {
        var account = New(level, id) with
        {
            Name = "O'Brien \U0001F680",
            Team = level == Level.User ? "sales" : null,
            Limits = TwelveLimits,
            SuspendedAt = Noon.AddHours(1).AddMilliseconds(7),
            DefaultKeyLimits = level == Level.Organization ? [new Limit(Metric.Requests, Window.Day, 3)] : [],
            DefaultUserLimits = level == Level.Organization ? [.. TwelveLimits.Reverse()] : [],
        };

        AssertEqual(account, await Directory.PutAsync(new AccountId(level, id), _ => account, default));

        AssertEqual(account, await Directory.FindAsync(new AccountId(level, id), default));
        AssertEqual(account, (await Directory.ReadAllAsync(default)).Accounts.Single(one => one.Level == level));
        if (level != Level.Organization)
        {
            AssertEqual(account, Assert.Single(await Directory.ListAsync(level, null, 10, default)));
        }
    }

    [SkippableFact]
    public async Task Put_Again_ChangesEveryFieldAndNoOtherAccount()
    {
        var team = New(Level.Team, "ann") with { Limits = [new Limit(Metric.Cost, Window.Month, 9)] };
        await Directory.PutAsync(new AccountId(Level.Team, "ann"), _ => team, default);
        var before = New(Level.User, "ann") with { Name = "Ann", Team = "sales", Limits = TwelveLimits, SuspendedAt = Noon };
        await Directory.PutAsync(Ann, _ => before, default);
        var found = default(Account);
        var after = New(Level.User, "ann") with { Limits = [new Limit(Metric.Concurrency, Window.Total, 4)] };

        await Directory.PutAsync(
            Ann,
            there =>
            {
                found = there;
                return after;
            },
            default);

        AssertEqual(before, found);
        AssertEqual(after, await Directory.FindAsync(Ann, default));
        AssertEqual(team, await Directory.FindAsync(new AccountId(Level.Team, "ann"), default));
    }

    [SkippableFact]
    public async Task Find_NobodyMadeIt_IsNullButForTheOrganization()
    {
        Assert.Null(await Directory.FindAsync(Ann, default));
        Assert.Null(await Directory.FindAsync(Sales, default));
        AssertEqual(
            New(Level.Organization, Account.OrganizationId) with { CreatedAt = DateTimeOffset.UnixEpoch },
            await Directory.FindAsync(AccountId.Organization, default));
        Assert.Equal(Level.Organization, Assert.Single((await Directory.ReadAllAsync(default)).Accounts).Level);
    }

    [SkippableFact]
    public async Task Put_ThatThrows_ChangesNothing()
    {
        var version = await Directory.ReadVersionAsync(default);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Directory.PutAsync(Ann, _ => throw new InvalidOperationException(), default));

        Assert.Equal(version, await Directory.ReadVersionAsync(default));
    }

    [SkippableFact]
    public async Task List_PageByPage_AnswersEveryAccountOnceInOrder()
    {
        string[] ids = ["b", "a", "B", "0", "z", "ä", "a b"];
        foreach (var id in ids)
        {
            await Directory.PutAsync(
                new AccountId(Level.User, id), _ => New(Level.User, id) with { Limits = [new Limit(Metric.Requests, Window.Day, id[0])] }, default);
            await Directory.PutAsync(new AccountId(Level.Team, $"t{id}"), _ => New(Level.Team, $"t{id}"), default);
        }

        var listed = new List<Account>();
        string? after = null;
        while (await Directory.ListAsync(Level.User, after, 2, default) is [.., var last] page)
        {
            Assert.InRange(page.Count, 1, 2);
            listed.AddRange(page);
            after = last.Id;
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), listed.Select(account => account.Id), StringComparer.Ordinal);
        Assert.All(listed, account => Assert.Equal([new Limit(Metric.Requests, Window.Day, account.Id[0])], account.Limits.ToArray()));
    }

    [SkippableFact]
    public async Task Version_AnyChange_GrowsAndTheAccountsAreOfIt()
    {
        var before = await Directory.ReadVersionAsync(default);
        await Directory.PutAsync(Sales, _ => New(Level.Team, "sales"), default);
        var made = await Other.ReadVersionAsync(default);
        await Other.PutAsync(Sales, account => account! with { Name = "Sales" }, default);

        var (version, accounts) = await Directory.ReadAllAsync(default);

        Assert.True(before < made && made < version);
        Assert.Equal(version, await Directory.ReadVersionAsync(default));
        Assert.Equal("Sales", accounts.Single(account => account.Level == Level.Team).Name);
    }

    [SkippableFact]
    public async Task ReadAll_WhileManyChange_SeesEveryChangeOfItsVersionWhole()
    {
        // A change gives the user and both of its limits the same number.
        static long NumberOf(Account? account) => account?.CreatedAt.ToUnixTimeMilliseconds() ?? 0;
        static Account Next(Account? before) => New(Level.User, "ann") with
        {
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(NumberOf(before) + 1),
            Limits = [new Limit(Metric.Requests, Window.Day, NumberOf(before) + 1), new Limit(Metric.Tokens, Window.Day, NumberOf(before) + 1)],
        };
        var first = await Directory.ReadVersionAsync(default);
        var changing = Task.WhenAll(Enumerable.Range(0, 4).Select(async silo =>
        {
            for (var i = 0; i < 25; i++)
            {
                await (silo % 2 == 0 ? Directory : Other).PutAsync(Ann, Next, default);
            }
        }));

        while (!changing.IsCompleted)
        {
            var (version, accounts) = await Directory.ReadAllAsync(default);
            if (accounts.FirstOrDefault(account => account.Level == Level.User) is { } ann)
            {
                Assert.Equal(version - first, NumberOf(ann));
                Assert.Equal([version - first, version - first], ann.Limits.Select(limit => limit.Amount));
            }
        }

        await changing;
        Assert.Equal(100, NumberOf(await Directory.FindAsync(Ann, default)));
    }

    [SkippableFact]
    public async Task InsertKey_OfANewUser_MakesTheUserWithTheDefaultLimits()
    {
        await Directory.PutAsync(
            AccountId.Organization, _ => New(Level.Organization, Account.OrganizationId) with { DefaultUserLimits = TwelveLimits }, default);
        var version = await Directory.ReadVersionAsync(default);

        await Keys.InsertAsync(KeyDirectoryContract.Settings(Key, "ann"), default);
        AssertEqual(New(Level.User, "ann") with { Limits = TwelveLimits }, await Directory.FindAsync(Ann, default));
        Assert.Equal(version + 1, await Directory.ReadVersionAsync(default));

        await Keys.InsertAsync(KeyDirectoryContract.Settings("key_0000000000000002", "ann"), default);
        Assert.Equal(version + 1, await Directory.ReadVersionAsync(default));
    }

    [SkippableFact]
    public async Task InsertKey_ThatFails_MakesNoUser()
    {
        await Keys.InsertAsync(KeyDirectoryContract.Settings(Key, "ann"), default);

        await Assert.ThrowsAnyAsync<Exception>(() => Keys.InsertAsync(KeyDirectoryContract.Settings(Key, "bob"), default));

        Assert.Null(await Directory.FindAsync(new AccountId(Level.User, "bob"), default));
    }

    [SkippableFact]
    public async Task InsertKey_ManyOfOneNewUserAtOnce_MakesTheUserOnce()
    {
        var version = await Directory.ReadVersionAsync(default);

        await Task.WhenAll(Enumerable.Range(0, 12).Select(n => Keys.InsertAsync(KeyDirectoryContract.Settings($"key_{n:D16}", "ann"), default)));

        Assert.NotNull(await Directory.FindAsync(Ann, default));
        Assert.InRange(await Directory.ReadVersionAsync(default), version + 1, version + 12);
    }

    [SkippableFact]
    public async Task UpdateKey_ToANewUser_MakesTheUser()
    {
        await Keys.InsertAsync(KeyDirectoryContract.Settings(Key, "ann"), default);
        await Directory.PutAsync(
            AccountId.Organization, _ => New(Level.Organization, Account.OrganizationId) with { DefaultUserLimits = TwelveLimits }, default);
        var owner = (await Owners.ClaimAsync(Key, "a0000000000000000000000000000000", default)).Claim;

        await Keys.UpdateAsync(owner, KeyDirectoryContract.Settings(Key, "bob"), default);

        Assert.Equal(TwelveLimits.ToArray(), (await Directory.FindAsync(new AccountId(Level.User, "bob"), default))!.Limits.ToArray());
        Assert.Empty((await Directory.FindAsync(Ann, default))!.Limits);
    }

    private static Account New(Level level, string id) => new() { Level = level, Id = id, CreatedAt = Noon };

    // A record compares its immutable arrays by reference, so they are compared by their items and then taken out.
    private static void AssertEqual(Account expected, Account? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Limits.ToArray(), actual.Limits.ToArray());
        Assert.Equal(expected.DefaultKeyLimits.ToArray(), actual.DefaultKeyLimits.ToArray());
        Assert.Equal(expected.DefaultUserLimits.ToArray(), actual.DefaultUserLimits.ToArray());
        Assert.Equal(
            expected with { Limits = [], DefaultKeyLimits = [], DefaultUserLimits = [] },
            actual with { Limits = [], DefaultKeyLimits = [], DefaultUserLimits = [] });
    }
}
