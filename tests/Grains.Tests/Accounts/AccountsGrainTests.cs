using Relay.Grains.Accounts;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Keys;
using Relay.Testing;

namespace Relay.Grains.Tests.Accounts;

/// <summary>Changes of accounts, on a silo that is alone and on one that is a member.</summary>
public sealed class AccountsGrainTests(KeyCluster only) : IClassFixture<KeyCluster>
{
    private static readonly Limit Budget = new(Metric.Tokens, Window.Month, 1_000);
    private static readonly Limit Smaller = new(Metric.Tokens, Window.Month, 10);
    private int _users;

    private IAccountsGrain Accounts => only.Grain<IAccountsGrain>();

    [Fact]
    public async Task Put_OnlySilo_HoldsWhenItReturns()
    {
        var id = NewUser();

        await Accounts.PutAsync(id, new AccountChange { Limits = [Budget], IsSuspended = true });

        var path = only.Hierarchy.Current.PathOf(id.Id);
        Assert.Equal([Budget], path.Limits.Where(limit => limit.Account == id).Select(limit => limit.Limit));
        Assert.Equal(id, path.Suspended);
    }

    [Fact]
    public async Task Put_Member_WaitsUntilEverySiloThatAdmitsHasReadIt()
    {
        var clock = new RelayClock();
        var member = new KeyCluster(SiloKind.Member, clock);
        await member.InitializeAsync();
        try
        {
            var lease = new OwnershipOptions().Lease;
            var put = member.Grain<IAccountsGrain>().PutAsync(new AccountId(Level.User, "ann"), new AccountChange { Limits = [Budget] });
            await clock.BeganAsync(lease);

            Assert.False(put.IsCompleted);
            Assert.Equal([Budget], member.Hierarchy.Current.PathOf("ann").Limits.Select(limit => limit.Limit));
            clock.Advance(lease);
            await put;
        }
        finally
        {
            await member.DisposeAsync();
        }
    }

    [Fact]
    public async Task Put_Again_ReplacesEverythingButWhenItWasMade()
    {
        var id = NewUser();
        var made = await Accounts.PutAsync(id, new AccountChange { Name = "Ann", Team = "sales", Limits = [Budget], IsSuspended = true });
        only.Time.Advance(TimeSpan.FromHours(1));

        // Suspended once more is suspended since the first time.
        Assert.Equal(made.SuspendedAt, (await Accounts.PutAsync(id, new AccountChange { IsSuspended = true })).SuspendedAt);
        var resumed = await Accounts.PutAsync(id, new AccountChange { Limits = [] });

        Assert.NotNull(made.SuspendedAt);
        Assert.Equal(made.CreatedAt, resumed.CreatedAt);
        Assert.Null(resumed.SuspendedAt);
        Assert.Equal((null, null), (resumed.Name, resumed.Team));
        Assert.Empty(resumed.Limits);
    }

    [Fact]
    public async Task Put_UserWithoutLimits_HasTheDefaultOnesHoweverOften()
    {
        await Accounts.PutAsync(AccountId.Organization, new AccountChange { DefaultUserLimits = [Smaller] });
        var (id, team) = (NewUser(), new AccountId(Level.Team, "unlimited"));

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal([Smaller], (await Accounts.PutAsync(id, new AccountChange())).Limits.ToArray());
            Assert.Empty((await Accounts.PutAsync(team, new AccountChange())).Limits);
        }

        Assert.Empty((await Accounts.PutAsync(id, new AccountChange { Limits = [] })).Limits);
        await Accounts.PutAsync(AccountId.Organization, new AccountChange());
    }

    [Fact]
    public async Task Put_SettingsOfOtherLevels_AreNotTaken()
    {
        var team = await Accounts.PutAsync(
            new AccountId(Level.Team, "odd"), new AccountChange { Team = "sales", DefaultKeyLimits = [Budget], DefaultUserLimits = [Budget] });

        Assert.Null(team.Team);
        Assert.Empty(team.DefaultKeyLimits);
        Assert.Empty(team.DefaultUserLimits);
    }

    [Fact]
    public async Task FindAndList_AccountsThatThereAre_AnswersThem()
    {
        var (first, second) = (NewUser("list-"), NewUser("list-"));
        await Accounts.PutAsync(first, new AccountChange { Limits = [Budget] });
        await Accounts.PutAsync(second, new AccountChange());

        Assert.Equal([Budget], (await Accounts.FindAsync(first))!.Limits.ToArray());
        Assert.Null(await Accounts.FindAsync(new AccountId(Level.Team, first.Id)));
        Assert.NotNull(await Accounts.FindAsync(AccountId.Organization));
        Assert.Equal([first.Id, second.Id], (await Accounts.ListAsync(Level.User, "list-", 2)).Select(account => account.Id));
    }

    private AccountId NewUser(string prefix = "user-") => new(Level.User, $"{prefix}{++_users}-{Guid.NewGuid():N}");
}
