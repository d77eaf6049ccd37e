using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;

namespace Relay.Grains.Tests.Keys;

/// <summary>A key whose owner before, on a silo that may still run, writes on.</summary>
public sealed class KeyGrainTakeoverTests(KeyCluster cluster) : IClassFixture<KeyCluster>
{
    private static readonly Limit TwoRequests = new(Metric.Requests, Window.Total, 2);

    [Fact]
    public async Task Reserve_OwnerBeforeSettledDuringTheWait_CountsItBeforeItAdmits()
    {
        var id = await cluster.CreateAsync(TwoRequests);
        var (first, second) = (await cluster.ReserveAsync(id), await cluster.ReserveAsync(id));
        var wait = await TakeOverAsync(id);

        await SettleElsewhereAsync(id, first, sequence: 1);
        await SettleElsewhereAsync(id, second, sequence: 2);
        cluster.Time.Advance(wait);

        var refusal = (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!;
        Assert.Equal((RefusalKind.LimitReached, 2L), (refusal.Kind, refusal.Limit!.Used));
    }

    [Fact]
    public async Task Reserve_CallOfTheOwnerBeforeIsToldOfAndThenSettledThere_IsCountedOnce()
    {
        var id = await cluster.CreateAsync(TwoRequests);
        var call = await cluster.ReserveAsync(id);
        var wait = await TakeOverAsync(id);
        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(1, 1))]);
        Assert.Equal(1, (await cluster.LimitAsync(id)).Held);

        await SettleElsewhereAsync(id, call, sequence: 1);
        cluster.Time.Advance(wait);

        await cluster.ReserveAsync(id);
        var limit = await cluster.LimitAsync(id);
        Assert.Equal((1, 1, 0), (limit.Used, limit.Held, limit.Remaining));
    }

    [Fact]
    public async Task Reserve_OwnSettleIsUnderWayWhileTheTailIsRead_IsAdmitted()
    {
        var id = await cluster.CreateAsync(TwoRequests);
        var call = await cluster.ReserveAsync(id);
        var wait = await TakeOverAsync(id);
        cluster.Ledger.Block();
        var settling = cluster.SettleAsync(id, call);
        await cluster.Ledger.AppendStarted;
        cluster.Time.Advance(wait);

        var decision = await cluster.Key(id).ReserveAsync(cluster.Request(id));
        cluster.Ledger.Unblock();
        await settling;

        Assert.Null(decision.Refusal);
        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Reserve_BothOwnersSettleAtOnce_StartsAnewAndCountsBoth()
    {
        var id = await cluster.CreateAsync(TwoRequests);
        var (theirs, own) = (await cluster.ReserveAsync(id), await cluster.ReserveAsync(id));
        var wait = await TakeOverAsync(id);
        cluster.Ledger.Block();
        var settling = cluster.SettleAsync(id, own);
        await cluster.Ledger.AppendStarted;
        var written = SettleElsewhereAsync(id, theirs, sequence: 1);
        cluster.Time.Advance(wait);
        cluster.Ledger.Unblock();
        await written;
        try
        {
            await settling;
        }
        catch (StaleActivationException)
        {
            await cluster.SettleAsync(id, own);
        }

        // Whichever came first, the next owner has both.
        AdmissionDecision decision;
        do
        {
            decision = await cluster.Key(id).ReserveAsync(cluster.Request(id));
            cluster.Time.Advance(decision.Refusal!.RetryAfter ?? TimeSpan.Zero);
        }
        while (decision.Refusal.Kind == RefusalKind.OwnerChanging);

        Assert.Equal((RefusalKind.LimitReached, 2L), (decision.Refusal.Kind, decision.Refusal.Limit!.Used));
    }

    [Fact]
    public async Task Renew_CallWasSettledByAnotherOwnerAfterTheTailWasRead_CountsItAtOnce()
    {
        var id = await cluster.CreateAsync(TwoRequests);
        var call = await cluster.ReserveAsync(id);
        cluster.Time.Advance(await TakeOverAsync(id));
        await cluster.Key(id).ReleaseAsync((await cluster.ReserveAsync(id)).RequestId);
        await SettleElsewhereAsync(id, call, sequence: 1);

        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(1, 1))]);

        var limit = await cluster.LimitAsync(id);
        Assert.Equal((1, 0), (limit.Used, limit.Held));
    }

    /// <summary>Has another silo claim the key, and this one claim it back; answers how long it does not admit.</summary>
    private async Task<TimeSpan> TakeOverAsync(string id)
    {
        await cluster.Owners.RenewLeaseAsync("another", 0, [], CancellationToken.None);
        await cluster.Owners.ClaimAsync(id, "another", CancellationToken.None);
        await cluster.RestartAsync(id);
        var waiting = (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!;
        Assert.Equal(RefusalKind.OwnerChanging, waiting.Kind);
        return waiting.RetryAfter!.Value;
    }

    /// <summary>Writes a settle as another silo's activation does.</summary>
    private Task SettleElsewhereAsync(string id, CallFacts call, long sequence) =>
        cluster.Ledger.AppendAsync([LedgerForm.Of(Calls.Draft(call, Calls.Tokens(1, 1)) with { KeyId = id, Sequence = sequence })], CancellationToken.None);
}
