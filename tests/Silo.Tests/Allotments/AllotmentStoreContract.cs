using System.Collections.Immutable;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Silo.Tests.Allotments;

/// <summary>What every database's store of allotments does. A database joins with a class that gives it an empty one.</summary>
public abstract class AllotmentStoreContract
{
    private const string First = "key_0000000000000001";
    private const string Second = "key_0000000000000002";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly WindowBounds March = new(Start, new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero));
    private static readonly WindowBounds April = new(March.End!.Value, new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
    private static readonly WindowBounds Ever = new(DateTimeOffset.MinValue, null);
    private static readonly LimitKey OfTeam = LimitKey.Of(new AccountId(Level.Team, "growth"), new Limit(Metric.Tokens, Window.Month, 100));
    private static readonly LimitKey OfAll = LimitKey.Of(AccountId.Organization, new Limit(Metric.Cost, Window.Total, 100, "o'1*", Enforcement.Hard));
    private static readonly int[] Shares = [80, 100];

    /// <summary>The store under test, without allotments at first.</summary>
    protected abstract IAllotmentStore Store { get; }

    /// <summary>The same as another silo has it, where it can be shared.</summary>
    protected abstract IAllotmentStore Other { get; }

    /// <summary>The keys' owners of the same database.</summary>
    protected abstract IKeyOwners Owners { get; }

    [SkippableFact]
    public async Task Ask_WindowThatIsNotOpen_NamesItAndDoesNothing()
    {
        var owner = await ClaimAsync(First);
        await Store.OpenAsync(OfTeam, March, [], default);

        var answer = await AskAsync(Store, owner, Ask(OfTeam, March, needed: 5), Ask(OfAll, Ever, needed: 5));

        Assert.Equal([OfAll], answer.NotOpen.Select(static ask => ask.Limit));
        Assert.Empty(answer.Rooms);
        Assert.Equal(new AllotmentSums(0, 0), await Store.FindAsync(OfTeam, March.End!.Value, default));
        Assert.Null(await Store.FindAsync(OfAll, DateTimeOffset.MaxValue, default));
    }

    [SkippableFact]
    public async Task Ask_SeveralKeysAndLimits_GrantsUpToEachAmount()
    {
        var (first, second) = (await ClaimAsync(First), await ClaimAsync(Second));
        await Store.OpenAsync(OfTeam, March, [], default);
        await Store.OpenAsync(OfAll, Ever, [], default);

        var answers = await Store.AskAsync(
            [
                new KeyAsk(first, [Ask(OfTeam, March, needed: 60), Ask(OfAll, Ever, needed: 10)]),
                new KeyAsk(second, [Ask(OfTeam, March, needed: 60), Ask(OfAll, Ever, needed: 20)]),
            ],
            Shares,
            default);

        Assert.Equal([60, 10], answers[0].Rooms.Select(static room => room.Ceiling));
        Assert.Equal([40, 20], answers[1].Rooms.Select(static room => room.Ceiling));
        Assert.Equal([0, 70], answers[1].Rooms.Select(static room => room.Unallotted));
        Assert.Equal(100, (await Store.FindAsync(OfTeam, March.End!.Value, default))!.Value.Allotted);
        Assert.Equal(
            [new Allotment(First, 10, 0), new Allotment(Second, 20, 0)],
            (await Store.ListUnusedAsync(OfAll, DateTimeOffset.MaxValue, default)).OrderBy(static row => row.KeyId, StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task Ask_Again_ChangesTheRowThatIsThere()
    {
        var owner = await ClaimAsync(First);
        await Store.OpenAsync(OfTeam, March, [], default);
        await AskAsync(Store, owner, Ask(OfTeam, March, needed: 10));

        await AskAsync(Other, owner, Ask(OfTeam, March, used: 4, held: 6, needed: 10));
        Assert.Equal(new Allotment(First, 20, 4), Assert.Single(await Store.ListUnusedAsync(OfTeam, March.End!.Value, default)));
        await AskAsync(Store, owner, Ask(OfTeam, March, used: 20) with { KeepsUpTo = 20, WouldRefuse = 3 });

        Assert.Equal(new AllotmentSums(20, 3), await Store.FindAsync(OfTeam, March.End!.Value, default));
        Assert.Empty(await Store.ListUnusedAsync(OfTeam, March.End!.Value, default));
    }

    [SkippableFact]
    public async Task Ask_KeyWithAnotherOwner_ChangesNothingOfItAndAnswersTheOthers()
    {
        var (stale, second) = (await ClaimAsync(First), await ClaimAsync(Second));
        await ClaimAsync(First);
        await Store.OpenAsync(OfTeam, March, [], default);

        var answers = await Store.AskAsync(
            [new KeyAsk(stale, [Ask(OfTeam, March, needed: 10)]), new KeyAsk(second, [Ask(OfTeam, March, needed: 10)])], Shares, default);

        Assert.True(answers[0].IsClaimLost);
        Assert.Empty(answers[0].Rooms);
        Assert.False(answers[1].IsClaimLost);
        Assert.Equal(10, (await Store.FindAsync(OfTeam, March.End!.Value, default))!.Value.Allotted);
    }

    [SkippableFact]
    public async Task Open_Twice_KeepsWhatIsThere()
    {
        var owner = await ClaimAsync(First);
        await Store.OpenAsync(OfTeam, March, [new Allotment(First, 30, 30), new Allotment(Second, 5, 5)], default);
        await AskAsync(Store, owner, Ask(OfTeam, March, used: 30, needed: 10));

        await Other.OpenAsync(OfTeam, March, [new Allotment(First, 1, 1)], default);

        Assert.Equal(45, (await Store.FindAsync(OfTeam, March.End!.Value, default))!.Value.Allotted);
    }

    [SkippableFact]
    public async Task Open_NextWindow_ForgetsThoseThatAreLongOver()
    {
        await Store.OpenAsync(OfTeam, March, [new Allotment(First, 30, 10)], default);
        var later = new WindowBounds(April.Start.AddMinutes(11), April.End);

        await Store.OpenAsync(OfTeam, April, [], default);
        Assert.NotNull(await Store.FindAsync(OfTeam, March.End!.Value, default));
        await Store.OpenAsync(OfTeam, later with { End = April.End!.Value.AddDays(1) }, [], default);

        Assert.Null(await Store.FindAsync(OfTeam, March.End!.Value, default));
        Assert.Empty(await Store.ListUnusedAsync(OfTeam, March.End!.Value, default));
    }

    [SkippableFact]
    public async Task Ask_ManyKeysAtOnceFromTwoSilos_NeverGrantMoreThanTheAmount()
    {
        var owners = new List<KeyClaim>();
        for (var i = 0; i < 20; i++)
        {
            owners.Add(await ClaimAsync($"key_{i:D16}"));
        }

        await Store.OpenAsync(OfTeam, March, [], default);
        await Store.OpenAsync(OfAll, Ever, [], default);

        var answers = await Task.WhenAll(owners.Select((owner, i) => AskAsync(
            i % 2 == 0 ? Store : Other, owner, Ask(OfAll, Ever, needed: 7), Ask(OfTeam, March, needed: 7))));

        Assert.Equal(100, answers.Sum(static answer => answer.Rooms[0].Ceiling));
        Assert.Equal(100, answers.Sum(static answer => answer.Rooms[1].Ceiling));
        Assert.Equal(100, (await Store.FindAsync(OfAll, DateTimeOffset.MaxValue, default))!.Value.Allotted);
    }

    [SkippableFact]
    public async Task Ask_SharesAreUsedUp_WarnsOfEachOnce()
    {
        var owner = await ClaimAsync(First);
        await Store.OpenAsync(OfTeam, March, [], default);
        var told = new List<LimitWarning>();
        foreach (var used in new long[] { 79, 80, 99, 100, 130 })
        {
            told.AddRange((await AskAsync(Store, owner, Ask(OfTeam, March, used: used))).Warnings);
        }

        Assert.Equal([(80, 80L), (100, 100L)], told.Select(static warning => (warning.Percent, warning.Used)));
        Assert.Equal((Level.Team, "growth"), (told[0].Level, told[0].OwnerId));
    }

    private static RoomAsk Ask(LimitKey limit, WindowBounds window, long used = 0, long held = 0, long needed = 0) =>
        new() { Limit = limit, Amount = 100, Window = window, Used = used, Held = held, Needed = needed };

    private static async Task<KeyAnswer> AskAsync(IAllotmentStore store, KeyClaim owner, params ImmutableArray<RoomAsk> asks) =>
        Assert.Single(await store.AskAsync([new KeyAsk(owner, asks)], Shares, default));

    private async Task<KeyClaim> ClaimAsync(string keyId) => (await Owners.ClaimAsync(keyId, "silo", default)).Claim;
}
