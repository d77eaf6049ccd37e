using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Keys;

/// <summary>Each test ends the calls it begins, since it moves the clock of the others too.</summary>
public sealed class KeyGrainExpiryTests(KeyCluster cluster) : IClassFixture<KeyCluster>
{
    [Fact]
    public async Task Expire_NobodyRenews_BooksWhatTheCallHadTold()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 1));
        var call = await cluster.ReserveAsync(id);
        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(10, 6))]);

        await ExpireAsync(id, call);

        Assert.Equal(new UsageTotals(1, Calls.Tokens(10, 6)), await cluster.TotalsAsync(id));
        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);
        var entry = Assert.Single(await cluster.Ledger.FindAsync(call.RequestId, CancellationToken.None));
        Assert.Equal((Outcome.Expired, UsageSource.Estimated), (entry.Settlement.Outcome, entry.Settlement.Source));
        Assert.Equal(Calls.HoldTimeout, entry.Settlement.EndedAt - call.ReservedAt);
    }

    [Fact]
    public async Task Expire_NothingTold_BooksTheInputThatWasHeld()
    {
        var id = await cluster.CreateAsync();
        var call = await cluster.ReserveAsync(id);

        await ExpireAsync(id, call);

        // Its frontend may have sent it.
        Assert.Equal(new UsageTotals(1, Calls.Tokens(10, 0)), await cluster.TotalsAsync(id));
    }

    [Fact]
    public async Task Settle_AfterTheExpiry_BooksTheDifferenceOnce()
    {
        var id = await cluster.CreateAsync();
        var call = await cluster.ReserveAsync(id);
        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(10, 6))]);
        await ExpireAsync(id, call);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => cluster.SettleAsync(id, call, input: 8, output: 20)));

        Assert.Equal(new UsageTotals(1, Calls.Tokens(8, 20)), await cluster.TotalsAsync(id));
        var entries = await cluster.Ledger.FindAsync(call.RequestId, CancellationToken.None);
        Assert.Equal([(0, 1), (1, 0)], entries.Select(static entry => (entry.Part, entry.Requests)));
    }

    [Fact]
    public async Task Settle_WhileTheExpiryIsWritten_BooksTheDifference()
    {
        var id = await cluster.CreateAsync();
        var call = await cluster.ReserveAsync(id);
        cluster.Ledger.Block();
        cluster.Time.Advance(Calls.HoldTimeout);
        await cluster.Ledger.AppendStarted;

        var settling = cluster.SettleAsync(id, call, input: 8, output: 20);
        cluster.Ledger.Unblock();
        await settling;

        Assert.Equal(new UsageTotals(1, Calls.Tokens(8, 20)), await cluster.TotalsAsync(id));
        Assert.Equal(2, (await cluster.Ledger.FindAsync(call.RequestId, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task Expire_ReserveCameAgainAfterTheSettle_BooksNothing()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 2));
        var request = cluster.Request(id);
        var call = KeyCluster.FactsOf(request, await cluster.Key(id).ReserveAsync(request));
        await cluster.SettleAsync(id, call);
        await cluster.Key(id).ReserveAsync(request);

        // The second call's entry tells that the grain has woken for both.
        await ExpireAsync(id, await cluster.ReserveAsync(id));
        await cluster.Key(id).ReleaseAsync(request.RequestId);

        // The settled call as it was settled, and the input of the other.
        Assert.Equal(new UsageTotals(2, Calls.Tokens(3 + 10, 4)), await cluster.TotalsAsync(id));
        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);
    }

    [Fact]
    public async Task Concurrency_Expired_GivesTheSlotBack()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 1));

        await ExpireAsync(id, await cluster.ReserveAsync(id));

        await cluster.Key(id).ReleaseAsync((await cluster.ReserveAsync(id)).RequestId);
    }

    [Fact]
    public async Task Release_AfterTheExpiry_TakesItBackAndAReserveThatComesLateIsRefused()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Requests, Window.Day, 1));
        var request = cluster.Request(id);
        var first = await cluster.Key(id).ReserveAsync(request);
        Assert.Null(first.Refusal);
        cluster.Time.Advance(Calls.HoldTimeout);
        await cluster.Ledger.WaitForCallAsync(request.RequestId);

        await cluster.Key(id).ReleaseAsync(request.RequestId);

        Assert.Equal(RefusalKind.Overloaded, (await cluster.Key(id).ReserveAsync(request)).Refusal?.Kind);
        Assert.Equal(default, await cluster.TotalsAsync(id));
        Assert.Equal((0, 0), ((await cluster.LimitAsync(id)).Used, (await cluster.LimitAsync(id)).Held));
        await cluster.Key(id).ReleaseAsync((await cluster.ReserveAsync(id)).RequestId);
    }

    /// <summary>Lets the call's deadline pass, and waits until the grain has counted it.</summary>
    private async Task ExpireAsync(string id, CallFacts call)
    {
        cluster.Time.Advance(Calls.HoldTimeout);
        await cluster.Ledger.WaitForCallAsync(call.RequestId);
        var entry = (await cluster.Ledger.FindAsync(call.RequestId, CancellationToken.None))[0];

        // The ledger has it a few steps before the grain counts it, and nothing stands between them.
        while ((await cluster.Key(id).GetPositionAsync())!.Sequence < entry.Sequence)
        {
        }
    }
}
