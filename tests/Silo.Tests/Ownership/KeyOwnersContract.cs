using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Admission;
using Relay.Grains.Ownership;
using Relay.Grains.Usage;
using Relay.Silo.Keys;
using Relay.Silo.Ownership;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Keys;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Ownership;

/// <summary>What every database's table of owners does. A database joins with a class that gives it an empty one, as two silos have it.</summary>
public abstract class KeyOwnersContract
{
    private const string Key = "key_0000000000000001";
    private const string SiloA = "a0000000000000000000000000000000";
    private const string SiloB = "b0000000000000000000000000000000";

    private SqlKeyOwners A => new(Database, Database, TimeProvider.System);

    private SqlKeyOwners B => new(OtherDatabase, OtherDatabase, TimeProvider.System);

    private protected abstract IRelayDatabase Database { get; }

    private protected abstract IRelayDatabase OtherDatabase { get; }

    [SkippableFact]
    public async Task Claim_FirstOne_HasNobodyBefore()
    {
        var claimed = await A.ClaimAsync(Key, SiloA, default);

        Assert.Equal(new KeyClaim(Key, SiloA, 1), claimed.Claim);
        Assert.Equal(PreviousOwner.HandedOver, claimed.Previous);
        Assert.Empty(claimed.Holds);
    }

    [SkippableFact]
    public async Task Claim_AfterARelease_GetsItsHoldsOnce()
    {
        var hold = new HoldRenewal(Entry(Key, 1).Settlement.Call, new TokenUsage { InputTokens = 3, OutputTokens = 4 });
        var first = await A.ClaimAsync(Key, SiloA, default);
        await A.ReleaseAsync(first.Claim, [hold], default);

        var second = await B.ClaimAsync(Key, SiloB, default);
        var third = await A.ClaimAsync(Key, SiloA, default);

        Assert.Equal(PreviousOwner.HandedOver, second.Previous);
        Assert.Equal(hold, Assert.Single(second.Holds));
        Assert.Equal(PreviousOwner.Unknown, third.Previous);
        Assert.Empty(third.Holds);
        Assert.Equal(3, third.Claim.Epoch);
    }

    [SkippableFact]
    public async Task Claim_OwnerStoppedWithoutKnowingItsHolds_IsStopped()
    {
        var first = await A.ClaimAsync(Key, SiloA, default);
        await A.ReleaseAsync(first.Claim, holds: null, default);

        Assert.Equal(PreviousOwner.Stopped, (await B.ClaimAsync(Key, SiloB, default)).Previous);
    }

    [SkippableFact]
    public async Task Claim_OwnClaimOfTheSameSilo_IsStoppedAndNotLost()
    {
        await A.RenewLeaseAsync(SiloA, 0, [], default);
        await A.ClaimAsync(Key, SiloA, default);

        Assert.Equal(PreviousOwner.Stopped, (await A.ClaimAsync(Key, SiloA, default)).Previous);
        Assert.Empty((await A.RenewLeaseAsync(SiloA, 1, [], default))!);
    }

    [SkippableFact]
    public async Task Release_ClaimThatIsNotTheNewest_DoesNothing()
    {
        var first = await A.ClaimAsync(Key, SiloA, default);
        await B.ClaimAsync(Key, SiloB, default);

        await A.ReleaseAsync(first.Claim, [], default);

        Assert.Equal(PreviousOwner.Unknown, (await A.ClaimAsync(Key, SiloA, default)).Previous);
    }

    [SkippableFact]
    public async Task RenewLease_KeyWasClaimedByAnother_SaysSoUntilItIsKnown()
    {
        Assert.Null(await A.RenewLeaseAsync(SiloA, 0, [], default));
        Assert.Null(await B.RenewLeaseAsync(SiloB, 0, [], default));
        var mine = (await A.ClaimAsync(Key, SiloA, default)).Claim;
        Assert.Empty((await A.RenewLeaseAsync(SiloA, 1, [], default))!);
        await B.ClaimAsync(Key, SiloB, default);

        Assert.Equal([mine], await A.RenewLeaseAsync(SiloA, 1, [], default));
        Assert.Equal([mine], await A.RenewLeaseAsync(SiloA, 1, [], default));
        Assert.Empty((await A.RenewLeaseAsync(SiloA, 1, [mine], default))!);
        Assert.Empty((await B.RenewLeaseAsync(SiloB, 1, [], default))!);
    }

    [SkippableFact]
    public async Task RenewLease_AfterItEnded_BeginsAnew()
    {
        await A.RenewLeaseAsync(SiloA, 0, [], default);
        Assert.NotNull(await A.RenewLeaseAsync(SiloA, 1, [], default));

        await A.EndLeaseAsync(SiloA, default);

        Assert.Null(await A.RenewLeaseAsync(SiloA, 1, [], default));
        Assert.NotNull(await A.RenewLeaseAsync(SiloA, 2, [], default));
    }

    [SkippableFact]
    public async Task RenewLease_AnswerThatItBeginsWasLost_SaysSoAgain()
    {
        Assert.Null(await A.RenewLeaseAsync(SiloA, 0, [], default));
        await A.ClaimAsync(Key, SiloA, default);
        await A.EndLeaseAsync(SiloA, default);
        await B.ClaimAsync(Key, SiloB, default);

        // Had the second one said that the lease is good and no claim lost, the silo would take itself for the key's owner.
        Assert.Null(await A.RenewLeaseAsync(SiloA, 1, [], default));
        Assert.Null(await A.RenewLeaseAsync(SiloA, 1, [], default));
        Assert.NotNull(await A.RenewLeaseAsync(SiloA, 2, [], default));
    }

    [SkippableFact]
    public async Task RenewLease_SilentForADay_IsForgottenWithWhatItHasLost()
    {
        var yesterday = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-1).AddMinutes(-1));
        var dead = new SqlKeyOwners(Database, Database, yesterday);
        await dead.RenewLeaseAsync(SiloA, 0, [], default);
        await dead.ClaimAsync(Key, SiloA, default);
        await B.ClaimAsync(Key, SiloB, default);
        Assert.Equal(1, await LostAsync());

        await B.RenewLeaseAsync(SiloB, 0, [], default);
        Assert.Equal(0, await LostAsync());

        // Nobody will ask for what a forgotten silo loses; it loses all when it comes back.
        await dead.ClaimAsync(Key, SiloA, default);
        await B.ClaimAsync(Key, SiloB, default);
        Assert.Equal(0, await LostAsync());
        Assert.Null(await A.RenewLeaseAsync(SiloA, 1, [], default));
    }

    [SkippableFact]
    public async Task Lock_AfterTheRelease_IsRefusedAndLeavesTheHandOver()
    {
        var directory = new SqlKeyDirectory(Database, TimeProvider.System);
        await directory.InsertAsync(KeyDirectoryContract.Settings(Key, "ann"), default);
        var hold = new HoldRenewal(Entry(Key, 1).Settlement.Call, default);
        var claim = (await A.ClaimAsync(Key, SiloA, default)).Claim;
        await A.ReleaseAsync(claim, [hold], default);

        await Assert.ThrowsAsync<ClaimLostException>(() => directory.RevokeAsync(claim, Noon, default));

        var next = await B.ClaimAsync(Key, SiloB, default);
        Assert.Equal(PreviousOwner.HandedOver, next.Previous);
        Assert.Equal(hold, Assert.Single(next.Holds));
    }

    [SkippableFact]
    public async Task Claim_ManyAtOnce_EachHasAnEpochOfItsOwnAndAllButOneAreLost()
    {
        await A.RenewLeaseAsync(SiloA, 0, [], default);
        await B.RenewLeaseAsync(SiloB, 0, [], default);

        var claims = await Task.WhenAll(Enumerable.Range(0, 12).Select(async n =>
            await (n % 2 == 0 ? A.ClaimAsync(Key, SiloA, default) : B.ClaimAsync(Key, SiloB, default))));

        Assert.Equal(Enumerable.Range(1, 12).Select(n => (long)n), claims.Select(claimed => claimed.Claim.Epoch).Order());
        var newest = claims.MaxBy(claimed => claimed.Claim.Epoch)!.Claim;
        var lost = (await A.RenewLeaseAsync(SiloA, 1, [], default))!.Concat((await B.RenewLeaseAsync(SiloB, 1, [], default))!).ToList();
        Assert.DoesNotContain(newest, lost);

        // A silo that claims a key which is its own already has lost nothing.
        var inOrder = claims.Select(claimed => claimed.Claim).OrderBy(claim => claim.Epoch).ToList();
        Assert.Equal(
            inOrder.Zip(inOrder.Skip(1)).Where(pair => !string.Equals(pair.First.Silo, pair.Second.Silo, StringComparison.Ordinal)).Select(pair => pair.First),
            lost.OrderBy(claim => claim.Epoch));
    }

    [SkippableFact]
    public async Task Revoke_ByAnOwnerThatIsNoneAnyMore_IsRefused()
    {
        var directory = new SqlKeyDirectory(Database, TimeProvider.System);
        await directory.InsertAsync(KeyDirectoryContract.Settings(Key, "ann"), default);
        var stale = (await A.ClaimAsync(Key, SiloA, default)).Claim;
        var owner = (await B.ClaimAsync(Key, SiloB, default)).Claim;

        await Assert.ThrowsAsync<ClaimLostException>(() => directory.RevokeAsync(stale, Noon, default));
        Assert.Null((await directory.FindAsync(Key, default))!.RevokedAt);

        await directory.RevokeAsync(owner, Noon, default);
        Assert.Equal(Noon, (await directory.FindAsync(Key, default))!.RevokedAt);
    }

    [SkippableFact]
    public async Task ForgetAll_AnyOwners_LeavesNone()
    {
        await A.RenewLeaseAsync(SiloA, 0, [], default);
        await A.ClaimAsync(Key, SiloA, default);

        await A.ForgetAllAsync(default);

        Assert.Equal(new ClaimedKey(new KeyClaim(Key, SiloB, 1), PreviousOwner.HandedOver, []).Claim, (await B.ClaimAsync(Key, SiloB, default)).Claim);
        Assert.Null(await A.RenewLeaseAsync(SiloA, 1, [], default));
    }

    private Task<int> LostAsync() =>
        Database.ReadAsync((connection, token) => connection.GetTable<LostClaimRow>().CountAsync(row => row.SiloId == SiloA, token), default);
}
