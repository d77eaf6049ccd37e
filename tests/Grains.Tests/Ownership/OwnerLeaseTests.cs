using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Ownership;
using Relay.Testing;

namespace Relay.Grains.Tests.Ownership;

/// <summary>The leases of two silos. With the options of these tests, a lease is good for 2 s and frontends renew within 3 s.</summary>
public sealed class OwnerLeaseTests : IAsyncDisposable
{
    private const string Key = "key_0000000000000001";

    private readonly MemoryKeyOwners _owners = new();
    private readonly FakeTimeProvider _time = new();
    private readonly OwnerLease _a;
    private readonly OwnerLease _b;

    private Func<Task> _learn = static () => Task.CompletedTask;

    public OwnerLeaseTests() => (_a, _b) = (Create(), Create());

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }

    [Fact]
    public async Task IsGood_TwoSecondsAfterTheQuestion_IsOver()
    {
        Assert.False(_a.IsGood);
        await _a.RenewAsync(default);
        Assert.True(_a.IsGood);

        _time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.True(_a.IsGood);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_a.IsGood);
    }

    [Fact]
    public async Task Renew_AnswerComesLate_IsGoodFromTheQuestionOn()
    {
        _owners.BlockLeases();
        var renewing = _a.RenewAsync(default);
        _time.Advance(TimeSpan.FromMilliseconds(1_500));
        _owners.UnblockLeases();
        await renewing;

        Assert.True(_a.IsGood);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.False(_a.IsGood);
    }

    [Fact]
    public async Task Renew_LearningFails_IsNotRenewed()
    {
        _learn = static () => Task.FromException(new IOException("The directory is away, as the test told it to be."));

        await Assert.ThrowsAsync<IOException>(() => _a.RenewAsync(default));

        Assert.False(_a.IsGood);
        _learn = static () => Task.CompletedTask;
        await _a.RenewAsync(default);
        Assert.True(_a.IsGood);
    }

    [Fact]
    public async Task Renew_LearningTakesLong_IsGoodFromTheQuestionOn()
    {
        var learnt = new TaskCompletionSource();
        _learn = () => learnt.Task;
        var renewing = _a.RenewAsync(default);
        Assert.False(_a.IsGood);
        _time.Advance(TimeSpan.FromMilliseconds(1_500));
        learnt.SetResult();
        await renewing;

        Assert.True(_a.IsGood);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.False(_a.IsGood);
    }

    [Fact]
    public async Task WaitUntilLearnt_Member_EndsWhenNoLeaseFromBeforeIsGood()
    {
        await _b.RenewAsync(default);

        var waiting = _a.WaitUntilLearntAsync(default);
        _time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.False(waiting.IsCompleted);
        Assert.True(_b.IsGood);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await waiting;
        Assert.False(_b.IsGood);
    }

    [Fact]
    public async Task WaitUntilLearnt_OnlySilo_EndsAtOnce()
    {
        await using var only = Create(SiloKind.Only);

        Assert.True(only.WaitUntilLearntAsync(default).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Claim_KeyOfNobody_AdmitsAtOnceWhileTheLeaseIsGood()
    {
        await _a.RenewAsync(default);
        var (owner, _) = await _a.ClaimAsync(Key, default);

        Assert.Null(owner.Wait);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(owner.Wait);
    }

    [Fact]
    public async Task Claim_FromASiloThatMayRun_AdmitsAfterItsLeaseAndTheRenewals()
    {
        await _a.RenewAsync(default);
        await _b.RenewAsync(default);
        var (before, _) = await _a.ClaimAsync(Key, default);
        var (after, _) = await _b.ClaimAsync(Key, default);

        // Neither has heard of the other's life yet.
        Assert.Null(before.Wait);
        Assert.Equal(TimeSpan.FromSeconds(5), after.Wait);
        Assert.False(before.IsLost);

        await _a.RenewAsync(default);
        Assert.True(before.IsLost);
        Assert.False(after.IsLost);
        _time.Advance(TimeSpan.FromSeconds(5));
        await _b.RenewAsync(default);
        Assert.Null(after.Wait);
    }

    [Fact]
    public async Task Claim_OfAnActivationThatEndedHere_WaitsForTheRenewalsOnly()
    {
        await _a.RenewAsync(default);
        await _a.ClaimAsync(Key, default);

        var (after, _) = await _a.ClaimAsync(Key, default);

        Assert.Equal(TimeSpan.FromSeconds(3), after.Wait);
    }

    [Fact]
    public async Task Claim_OfAnActivationHereThatStillWaited_WaitsAsLong()
    {
        await _a.ClaimAsync(Key, default);
        await _b.ClaimAsync(Key, default);
        _time.Advance(TimeSpan.FromSeconds(1));

        var (after, _) = await _b.ClaimAsync(Key, default);

        Assert.Equal(TimeSpan.FromSeconds(4), after.Wait);
    }

    [Fact]
    public async Task Claim_AfterOneOfUnknownOutcome_TakesTheOwnerBeforeForAlive()
    {
        await _a.ClaimAsync(Key, default);
        _owners.BeforeAnsweringClaims(static _ => Task.FromException(new IOException("The answer is lost, as the test told it to be.")));
        await Assert.ThrowsAsync<IOException>(() => _b.ClaimAsync(Key, default));
        _owners.BeforeAnsweringClaims(static _ => Task.CompletedTask);

        var (after, _) = await _b.ClaimAsync(Key, default);

        Assert.Equal(TimeSpan.FromSeconds(5), after.Wait);
    }

    [Fact]
    public async Task Claim_LostBeforeItsOutcomeIsKnown_IsLost()
    {
        await _a.RenewAsync(default);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _owners.BeforeAnsweringClaims(_ => answer.Task);
        var claiming = _a.ClaimAsync(Key, default);
        _owners.BeforeAnsweringClaims(static _ => Task.CompletedTask);
        await _b.ClaimAsync(Key, default);
        await _a.RenewAsync(default);
        answer.SetResult();

        var (owner, _) = await claiming;

        Assert.True(owner.IsLost);
    }

    [Fact]
    public async Task Renew_SiloWasForgotten_LosesAllItsKeys()
    {
        await _a.RenewAsync(default);
        var (owner, _) = await _a.ClaimAsync(Key, default);
        _owners.ForgetLease(_a.Silo);

        await _a.RenewAsync(default);

        Assert.True(owner.IsLost);
    }

    [Fact]
    public async Task Renew_AnswerThatALeaseBeginsIsLost_LosesAllItsKeysByTheNext()
    {
        await _a.RenewAsync(default);
        var (owner, _) = await _a.ClaimAsync(Key, default);
        _owners.ForgetLease(_a.Silo);
        await _b.RenewAsync(default);
        await _b.ClaimAsync(Key, default);
        _owners.BlockLeases();
        using var givenUp = new CancellationTokenSource();
        var unheard = _a.RenewAsync(givenUp.Token);
        await givenUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unheard);
        _owners.UnblockLeases();

        await _a.RenewAsync(default);

        Assert.True(owner.IsLost);
    }

    [Fact]
    public async Task Claim_OfAnActivationThatEndedHere_EndsItsTitle()
    {
        await _a.RenewAsync(default);
        var (before, _) = await _a.ClaimAsync(Key, default);

        await _a.ClaimAsync(Key, default);

        Assert.True(before.IsLost);
    }

    [Fact]
    public async Task HearsOfCalls_LeaseHadRunOut_IsSoAfterTheRenewals()
    {
        await _a.RenewAsync(default);
        var (owner, _) = await _a.ClaimAsync(Key, default);
        await WaitGoodAsync(TimeSpan.FromSeconds(3));
        Assert.True(owner.HearsOfCalls);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(owner.HearsOfCalls);
        await _a.RenewAsync(default);
        Assert.Null(owner.Wait);
        Assert.False(owner.HearsOfCalls);

        await WaitGoodAsync(TimeSpan.FromSeconds(3));
        Assert.True(owner.HearsOfCalls);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 3)]
    public async Task Release_OwnerThatAdmitted_SparesTheNextOneTheWait(bool knowsHolds, int seconds)
    {
        await _a.RenewAsync(default);
        await _b.RenewAsync(default);
        var (before, _) = await _a.ClaimAsync(Key, default);
        await _a.ReleaseAsync(before, knowsHolds ? ImmutableArray<Relay.Grains.Admission.HoldRenewal>.Empty : null, default);

        var (after, _) = await _b.ClaimAsync(Key, default);

        Assert.Equal(seconds == 0 ? null : TimeSpan.FromSeconds(seconds), after.Wait);
    }

    [Fact]
    public async Task Release_OwnerThatStillWaited_SparesNobodyTheWait()
    {
        await _a.ClaimAsync(Key, default);
        var (waiting, _) = await _b.ClaimAsync(Key, default);
        await _b.ReleaseAsync(waiting, [], default);

        var (after, _) = await _a.ClaimAsync(Key, default);

        Assert.Equal(TimeSpan.FromSeconds(5), after.Wait);
    }

    private async Task WaitGoodAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(1))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await _a.RenewAsync(default);
        }
    }

    private OwnerLease Create(SiloKind kind = SiloKind.Member) => new(
        _owners,
        Options.Create(new OwnershipOptions { LeaseSeconds = 2, RenewSeconds = 3 }),
        kind,
        token => _learn().WaitAsync(token),
        _time,
        NullLogger<OwnerLease>.Instance);
}
