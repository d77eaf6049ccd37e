using Relay.Grains.Accounts;
using Relay.Grains.Quotas;
using Relay.Testing;

namespace Relay.Grains.Tests.Accounts;

public sealed class HierarchyTests
{
    private static readonly Limit OfUser = new(Metric.Tokens, Window.Day, 1);
    private static readonly Limit OfTeam = new(Metric.Tokens, Window.Day, 2);
    private static readonly Limit OfOrganization = new(Metric.Tokens, Window.Day, 3);
    private static readonly Limit DefaultOfUser = new(Metric.Tokens, Window.Day, 4);

    private static readonly Account Ann = New(Level.User, "ann") with { Team = "sales", Limits = [OfUser] };
    private static readonly Account Sales = New(Level.Team, "sales") with { Limits = [OfTeam] };

    private static readonly Account Everyone = New(Level.Organization, Account.OrganizationId) with
    {
        Limits = [OfOrganization],
        DefaultUserLimits = [DefaultOfUser],
    };

    [Fact]
    public void PathOf_UserOfATeam_HasTheLimitsOfAllThree()
    {
        var path = new Hierarchy(1, [Everyone, Sales, Ann, New(Level.Team, "ann")]).PathOf("ann");

        Assert.Equal(new CallOwner("ann", "sales"), path.Owner);
        Assert.Equal([OfUser, OfTeam, OfOrganization], path.Limits.Select(limit => limit.Limit));
        Assert.Equal(
            [new AccountId(Level.User, "ann"), new AccountId(Level.Team, "sales"), AccountId.Organization],
            path.Limits.Select(limit => limit.Account));
        Assert.Null(path.Suspended);
    }

    [Fact]
    public void PathOf_UserWhomNobodyKnowsYet_HasTheDefaultLimits()
    {
        var path = new Hierarchy(1, [Everyone, Ann]).PathOf("bob");

        Assert.Equal(new CallOwner("bob", null), path.Owner);
        Assert.Equal([DefaultOfUser, OfOrganization], path.Limits.Select(limit => limit.Limit));
    }

    [Theory]
    [InlineData(true, true, true, Level.User)]
    [InlineData(false, true, true, Level.Team)]
    [InlineData(false, false, true, Level.Organization)]
    public void PathOf_SuspendedAbove_NamesTheLowest(bool user, bool team, bool organization, Level level)
    {
        static Account Suspend(Account account, bool suspends) => account with { SuspendedAt = suspends ? DateTimeOffset.UnixEpoch : null };

        var path = new Hierarchy(1, [Suspend(Everyone, organization), Suspend(Sales, team), Suspend(Ann, user)]).PathOf("ann");

        Assert.Equal(level, path.Suspended?.Level);
    }

    [Fact]
    public async Task Refresh_ManyTimes_ReadsOnlyWhatHasChanged()
    {
        var directory = new MemoryAccountDirectory();
        var hierarchy = new SiloHierarchy(directory);
        Assert.Empty(hierarchy.Current.PathOf("ann").Limits);

        await hierarchy.RefreshAsync(default);
        await hierarchy.RefreshAsync(default);
        Assert.Equal(1, directory.Reads);

        await directory.PutAsync(new AccountId(Level.User, "ann"), _ => Ann, default);
        Assert.Empty(hierarchy.Current.PathOf("ann").Limits);
        await hierarchy.RefreshAsync(default);
        Assert.Equal([OfUser], hierarchy.Current.PathOf("ann").Limits.Select(limit => limit.Limit));
    }

    [Theory]
    [InlineData(Level.User, "ann", "u:ann", "user ann")]
    [InlineData(Level.Team, "o:x", "t:o:x", "team o:x")]
    [InlineData(Level.Organization, "organization", "o:organization", "the organization")]
    public void AccountId_AnyLevel_HasAGrainKeyAndAName(Level level, string id, string grainKey, string name)
    {
        var account = new AccountId(level, id);

        Assert.Equal(grainKey, account.ToGrainKey());
        Assert.Equal(account, AccountId.FromGrainKey(grainKey));
        Assert.Equal(name, account.ToString());
    }

    private static Account New(Level level, string id) => new() { Level = level, Id = id, CreatedAt = DateTimeOffset.UnixEpoch };
}
