using System.Collections.Immutable;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Keys;
using Relay.Grains.Tests.Quotas;

namespace Relay.Grains.Tests.Allotments;

/// <summary>The grains of keys under limits of their user, team and organization, in one silo.</summary>
public sealed class AllotmentGrainTests : IAsyncLifetime
{
    private static readonly AccountId Ann = new(Level.User, "ann");
    private static readonly AccountId Bob = new(Level.User, "bob");
    private static readonly AccountId Growth = new(Level.Team, "growth");

    private readonly KeyCluster _cluster = new();

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Reserve_TwoKeysOfOneUser_ShareTheUsersLimitToTheLastCall()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 10));
        var (first, second) = (await CreateAsync("ann"), await CreateAsync("ann"));

        var admitted = 0;
        for (var i = 0; i < 20; i++)
        {
            admitted += await ReserveAsync(i % 3 == 0 ? second : first) is null ? 1 : 0;
        }

        Assert.Equal(10, admitted);
    }

    [Fact]
    public async Task Reserve_KeyThatHasNothingBesideAnIdleOne_GetsWhatTheIdleOneDoesNotUse()
    {
        await PutAsync(AccountId.Organization, new Limit(Metric.Requests, Window.Total, 100));
        var (idle, busy) = (await CreateAsync("ann"), await CreateAsync("bob"));
        Assert.Null(await ReserveAsync(idle));

        for (var i = 0; i < 99; i++)
        {
            Assert.Null(await ReserveAsync(busy));
        }

        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(busy))?.Kind);
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(idle))?.Kind);
    }

    [Fact]
    public async Task Reserve_ManyAtOnceOnManyKeys_AdmitsJustAsManyAsThereIsRoomFor()
    {
        await PutAsync(AccountId.Organization, new Limit(Metric.Requests, Window.Month, 37));
        var keys = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => CreateAsync(i % 2 == 0 ? "ann" : "bob")));

        var refusals = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => ReserveAsync(keys[i % keys.Length])));

        Assert.Equal(37, refusals.Count(static refusal => refusal is null));
        Assert.All(refusals.OfType<Refusal>(), static refusal => Assert.Equal(RefusalKind.LimitReached, refusal.Kind));
    }

    [Fact]
    public async Task Reserve_TeamIsUsedUp_NamesTheTeamAndWhatIsLeft()
    {
        await PutAsync(Growth, new Limit(Metric.Tokens, Window.Month, 70));
        await _cluster.PutAccountAsync(Ann, new AccountChange { Team = "growth" });
        await _cluster.PutAccountAsync(Bob, new AccountChange { Team = "growth" });
        var (first, second) = (await CreateAsync("ann"), await CreateAsync("bob"));
        Assert.Null(await ReserveAsync(first));
        Assert.Null(await ReserveAsync(second));

        var refusal = await ReserveAsync(second);

        Assert.Equal(RefusalKind.LimitReached, refusal?.Kind);
        Assert.Equal(Growth, refusal!.Account);
        Assert.Equal((0L, 60L, 10L), (refusal.Limit!.Used, refusal.Limit.Held, refusal.Limit.Remaining));
        Assert.Equal(30, refusal.Needed);
        Assert.Equal(new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero), refusal.Limit.ResetsAt);
    }

    [Fact]
    public async Task Reserve_UserMovesToAnotherTeam_CountsThereAndStaysWhereItWas()
    {
        await PutAsync(Growth, new Limit(Metric.Requests, Window.Total, 2));
        await PutAsync(new AccountId(Level.Team, "sales"), new Limit(Metric.Requests, Window.Total, 2));
        await _cluster.PutAccountAsync(Ann, new AccountChange { Team = "growth" });
        var key = await CreateAsync("ann");
        await SettleOneAsync(key);

        await _cluster.PutAccountAsync(Ann, new AccountChange { Team = "sales" });
        Assert.Null(await ReserveAsync(key));
        Assert.Null(await ReserveAsync(key));
        Assert.Equal("sales", (await ReserveAsync(key))?.Account?.Id);

        Assert.Equal([1L], (await LimitsAsync(Growth)).Select(static limit => limit.Used));
        Assert.Equal([1L], (await LimitsAsync(Growth)).Select(static limit => limit.Remaining));
        Assert.Equal(["growth", "sales"], _cluster.Ledger.Entries.Select(static entry => entry.Team).Append("sales"));
    }

    [Fact]
    public async Task Settle_UserHasMovedAndTheCallUsedMoreThanItHeld_IsToldToTheTeamOfThen()
    {
        await PutAsync(Growth, new Limit(Metric.Tokens, Window.Total, 1_000));
        await PutAsync(new AccountId(Level.Team, "sales"), new Limit(Metric.Tokens, Window.Total, 1_000));
        await _cluster.PutAccountAsync(Ann, new AccountChange { Team = "growth" });
        await _cluster.PutAccountAsync(Bob, new AccountChange { Team = "growth" });
        var (moved, other) = (await CreateAsync("ann"), await CreateAsync("bob"));
        var call = await ReserveCallAsync(moved);
        await _cluster.PutAccountAsync(Ann, new AccountChange { Team = "sales" });

        await _cluster.SettleAsync(moved, call, input: 3, output: 980);

        // What it asks of the new team is asked after the old one was told.
        Assert.Null(await ReserveAsync(moved));
        var refusal = await ReserveAsync(other);
        Assert.Equal((RefusalKind.LimitReached, Growth), (refusal?.Kind, refusal?.Account));
        Assert.Equal((983L, 17L), (refusal!.Limit!.Used, refusal.Limit.Remaining));
    }

    [Fact]
    public async Task Put_LimitMadeInTheMiddleOfItsWindow_CountsWhatWasUsedInIt()
    {
        var key = await CreateAsync("ann");
        await SettleOneAsync(key);
        await SettleOneAsync(key);
        Assert.Null(await ReserveAsync(key));

        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 4));

        Assert.Null(await ReserveAsync(key));
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(key))?.Kind);
    }

    [Fact]
    public async Task Put_LowerLimit_HoldsForTheNextCallOfEveryKey()
    {
        await PutAsync(AccountId.Organization, new Limit(Metric.Requests, Window.Day, 1_000));
        var (first, second) = (await CreateAsync("ann"), await CreateAsync("bob"));
        Assert.Null(await ReserveAsync(first));
        Assert.Null(await ReserveAsync(second));

        await PutAsync(AccountId.Organization, new Limit(Metric.Requests, Window.Day, 3));

        Assert.Null(await ReserveAsync(first));
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(first))?.Kind);
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(second))?.Kind);
    }

    [Fact]
    public async Task Reserve_Suspended_IsRefusedUntilItIsResumed()
    {
        var key = await CreateAsync("ann");
        await _cluster.PutAccountAsync(Ann, new AccountChange { IsSuspended = true });

        var refusal = await ReserveAsync(key);
        await _cluster.PutAccountAsync(Ann, new AccountChange());

        Assert.Equal((RefusalKind.Suspended, Ann), (refusal?.Kind, refusal?.Account));
        Assert.Null(await ReserveAsync(key));
    }

    [Fact]
    public async Task Reserve_ConcurrencyOfATeam_IsFreedByEachSettleAndRelease()
    {
        await PutAsync(Growth, new Limit(Metric.Concurrency, Window.Total, 2));
        await _cluster.PutAccountAsync(Ann, new AccountChange { Team = "growth" });
        await _cluster.PutAccountAsync(Bob, new AccountChange { Team = "growth" });
        var (first, second) = (await CreateAsync("ann"), await CreateAsync("bob"));
        var settled = await ReserveCallAsync(first);
        var released = await ReserveCallAsync(first);
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(second))?.Kind);

        await _cluster.SettleAsync(first, settled);
        Assert.Null(await ReserveAsync(second));
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(second))?.Kind);
        await _cluster.Key(first).ReleaseAsync(released.RequestId);

        Assert.Null(await ReserveAsync(second));
    }

    [Fact]
    public async Task Reserve_ConcurrencyOfAUser_IsFreedWhenNobodyRenewsACall()
    {
        await PutAsync(Ann, new Limit(Metric.Concurrency, Window.Total, 1));
        var (first, second) = (await CreateAsync("ann"), await CreateAsync("ann"));
        var silent = await ReserveCallAsync(first);
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(second))?.Kind);

        _cluster.Time.Advance(Calls.HoldTimeout);
        await _cluster.Ledger.WaitForCallAsync(silent.RequestId);

        Assert.Null(await ReserveAsync(second));
    }

    [Fact]
    public async Task Reserve_CostLimitOfTheOrganization_RefusesAModelWithoutAPrice()
    {
        await PutAsync(AccountId.Organization, new Limit(Metric.Cost, Window.Month, 1_000_000_000));

        Assert.Equal(RefusalKind.ModelNotPriced, (await ReserveAsync(await CreateAsync("ann")))?.Kind);
    }

    [Fact]
    public async Task Reserve_LimitThatIsUsedUpByOneKey_IsNotAskedForWithEveryCall()
    {
        await PutAsync(AccountId.Organization, new Limit(Metric.Requests, Window.Total, 1_000));
        var key = await CreateAsync("ann");

        for (var i = 0; i < 900; i++)
        {
            Assert.Null(await ReserveAsync(key, settles: true));
        }

        Assert.InRange(_cluster.Allotments.Asked, 5, 90);
    }

    [Fact]
    public async Task Reserve_HardLimitOfAUser_CapsTheOutputAtWhatIsLeft()
    {
        await PutAsync(Ann, new Limit(Metric.Tokens, Window.Day, 50, Enforcement: Enforcement.Hard));
        var key = await CreateAsync("ann");
        var request = _cluster.Request(key) with { OutputTokensMax = 500 };

        var decision = await _cluster.Key(key).ReserveAsync(request);

        Assert.Null(decision.Refusal);
        Assert.Equal(40, decision.OutputTokensCap);
    }

    [Fact]
    public async Task Reserve_LimitThatOnlyObserves_RefusesNothingAndTells()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 2, Enforcement: Enforcement.Observe));
        var key = await CreateAsync("ann");

        for (var i = 0; i < 5; i++)
        {
            Assert.Null(await ReserveAsync(key));
        }

        await _cluster.RestartAsync(key);
        Assert.Null(await ReserveAsync(key));
        var limit = Assert.Single(await LimitsAsync(Ann));
        Assert.True(limit.WouldRefuse >= 3, $"It tells of {limit.WouldRefuse}.");
    }

    [Fact]
    public async Task Reserve_AfterTheKeyWasPutAway_GoesOnFromWhatItHadUsed()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 3));
        var (first, second) = (await CreateAsync("ann"), await CreateAsync("ann"));
        await SettleOneAsync(first);
        await _cluster.RestartAsync(first);

        Assert.Null(await ReserveAsync(second));
        Assert.Null(await ReserveAsync(second));

        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(second))?.Kind);
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(first))?.Kind);
    }

    [Fact]
    public async Task Reserve_WindowTurns_BeginsAnew()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Minute, 1));
        var key = await CreateAsync("ann");
        Assert.Null(await ReserveAsync(key));
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(key))?.Kind);

        _cluster.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(await ReserveAsync(key));
    }

    [Fact]
    public async Task Reserve_LimitOfAModel_LeavesOthersAlone()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 0, "gpt-4o*"));
        var key = await CreateAsync("ann");

        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(key))?.Kind);
        Assert.Null((await _cluster.Key(key).ReserveAsync(_cluster.Request(key, "o1"))).Refusal);
    }

    [Fact]
    public async Task Reserve_DatabaseDoesNotAnswer_RefusesForNowAndLosesNothing()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 2));
        var key = await CreateAsync("ann");
        _cluster.Allotments.AfterAsking = static _ => throw new IOException("The answer was lost.");
        Assert.Equal(RefusalKind.OwnerChanging, (await ReserveAsync(key))?.Kind);
        _cluster.Allotments.AfterAsking = static _ => Task.CompletedTask;

        Assert.Null(await ReserveAsync(key));
        Assert.Null(await ReserveAsync(key));
        Assert.Equal(RefusalKind.LimitReached, (await ReserveAsync(key))?.Kind);
    }

    [Fact]
    public async Task Reserve_SharesAreUsedUp_AreToldOnceEach()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Day, 10));
        var key = await CreateAsync("ann", new Limit(Metric.Requests, Window.Hour, 10));

        for (var i = 0; i < 12; i++)
        {
            if (await ReserveAsync(key, settles: true) is not null)
            {
                break;
            }
        }

        await ReserveAsync(key);
        Assert.Equal([80, 100], _cluster.Warnings.Told.Where(static warning => warning.Level == Level.Key).Select(static warning => warning.Percent));
        Assert.Equal([80, 100], _cluster.Warnings.Told.Where(static warning => warning.Level == Level.User).Select(static warning => warning.Percent));
    }

    [Fact]
    public async Task RateLimit_OfAllLevels_IsTheTightest()
    {
        await PutAsync(Ann, new Limit(Metric.Requests, Window.Minute, 5));
        var key = await CreateAsync("ann", new Limit(Metric.Requests, Window.Minute, 100));

        var decision = await _cluster.Key(key).ReserveAsync(_cluster.Request(key));

        Assert.Equal((5L, 4L), (decision.Requests!.Limit, decision.Requests.Remaining));
    }

    private async Task PutAsync(AccountId id, params Limit[] limits) => await _cluster.PutAccountAsync(id, new AccountChange { Limits = [.. limits] });

    private async Task<string> CreateAsync(string user, params Limit[] limits)
    {
        var settings = _cluster.Settings(KeyCluster.NewId()) with { User = user, Limits = [.. limits] };
        await _cluster.Key(settings.Id).CreateAsync(settings);
        return settings.Id;
    }

    private async Task<Refusal?> ReserveAsync(string key, bool settles = false)
    {
        var request = _cluster.Request(key);
        var decision = await _cluster.Key(key).ReserveAsync(request);
        if (settles && decision.Refusal is null)
        {
            await _cluster.SettleAsync(key, FactsOf(request, decision));
        }

        return decision.Refusal;
    }

    private async Task<CallFacts> ReserveCallAsync(string key)
    {
        var request = _cluster.Request(key);
        var decision = await _cluster.Key(key).ReserveAsync(request);
        Assert.Null(decision.Refusal);
        return FactsOf(request, decision);
    }

    private async Task SettleOneAsync(string key) => await _cluster.SettleAsync(key, await ReserveCallAsync(key));

    private async Task<ImmutableArray<LimitUsage>> LimitsAsync(AccountId id) => await _cluster.Allotment(id).GetLimitsAsync();

    private static CallFacts FactsOf(ReserveRequest request, AdmissionDecision decision) => new()
    {
        RequestId = request.RequestId,
        ReservedAt = decision.ReservedAt,
        Endpoint = request.Endpoint,
        Model = request.Model,
        InputTokensHeld = request.InputTokensEstimated,
        OutputTokensHeld = decision.OutputTokensHeld,
        User = decision.User,
        Team = decision.Team,
    };
}
