using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;

namespace Relay.Grains.Tests.Keys;

/// <summary>What callers of the silo's own process ask on their own threads, beside the grain's calls.</summary>
public sealed class KeyGrainLocalTests(KeyCluster cluster) : IClassFixture<KeyCluster>
{
    [Fact]
    public async Task Reserve_FromManyThreadsAndAsGrainCalls_AdmitsExactlyWhatThereIsRoomFor()
    {
        var id = await CreateActiveAsync(new Limit(Metric.Requests, Window.Day, 100));

        var decisions = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => Task.Run(async () =>
            (i % 3 > 0 ? cluster.Local.Find(id)!.TryReserve(cluster.Request(id)) : null)
                ?? await cluster.Key(id).ReserveAsync(cluster.Request(id)))));

        // One is held since the key was activated.
        Assert.Equal(99, decisions.Count(static decision => decision.Refusal is null));
        Assert.Equal(100, (await cluster.LimitAsync(id)).Held);
    }

    [Fact]
    public async Task Settle_FromManyThreadsAndAsGrainCalls_CountsEachCallOnceInTheLedger()
    {
        var id = await CreateActiveAsync();
        var requests = Enumerable.Range(0, 300).Select(_ => cluster.Request(id)).ToList();

        await Task.WhenAll(requests.Select((request, i) => Task.Run(async () =>
        {
            var decision = cluster.Local.Find(id)!.TryReserve(request) ?? await cluster.Key(id).ReserveAsync(request);
            var settlement = Calls.Settlement(KeyCluster.FactsOf(request, decision), Calls.Tokens(3, 4));

            // Each third is told twice, by both ways at once.
            await Task.WhenAll(SettleAsync(id, settlement), i % 3 == 0 ? SettleAsync(id, settlement) : Task.CompletedTask);
        })));

        var totals = await cluster.TotalsAsync(id);
        Assert.Equal((300L, 900L, 1_200L), (totals.Requests, totals.Tokens.InputTokens, totals.Tokens.OutputTokens));
        var rows = await ((IUsageLedger)cluster.Ledger).ReadTailAsync(id, 0, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 300).Select(static i => (long)i), rows.Select(static row => row.Sequence));
    }

    [Fact]
    public async Task Reserve_AfterTheKeyWasRevoked_IsRefused()
    {
        var id = await CreateActiveAsync();
        var local = cluster.Local.Find(id)!;
        Assert.Null(local.TryReserve(cluster.Request(id))!.Refusal);

        await cluster.Key(id).RevokeAsync();

        Assert.Equal(RefusalKind.RevokedKey, local.TryReserve(cluster.Request(id))!.Refusal!.Kind);
    }

    [Fact]
    public async Task Reserve_WrongSecret_IsRefused()
    {
        var id = await CreateActiveAsync();

        var decision = cluster.Local.Find(id)!.TryReserve(cluster.Request(id) with { KeyHash = KeyCluster.HashOf("wrong") });

        Assert.Equal(RefusalKind.UnknownKey, decision!.Refusal!.Kind);
    }

    [Fact]
    public async Task Find_ActivationEnded_IsNoLongerThereAndTakesNothing()
    {
        var id = await CreateActiveAsync();
        var ended = cluster.Local.Find(id)!;
        var request = cluster.Request(id);
        var held = KeyCluster.FactsOf(request, ended.TryReserve(request)!);

        await cluster.RestartAsync(id);

        Assert.Null(cluster.Local.Find(id));
        Assert.Null(ended.TryReserve(cluster.Request(id)));
        Assert.False(ended.TrySettle(Calls.Settlement(held, Calls.Tokens(3, 4)), out _));
    }

    [Fact]
    public async Task Settle_NotHeldOrBeingSettled_IsLeftToTheGrain()
    {
        var id = await CreateActiveAsync();
        var local = cluster.Local.Find(id)!;
        var request = cluster.Request(id);
        var settlement = Calls.Settlement(KeyCluster.FactsOf(request, local.TryReserve(request)!), Calls.Tokens(3, 4));

        Assert.True(local.TrySettle(settlement, out var settled));
        Assert.Equal(SettleResult.Settled, await settled);

        Assert.False(local.TrySettle(settlement, out _));
        Assert.Equal(SettleResult.Settled, await cluster.Key(id).SettleAsync(settlement));
        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Settle_LedgerFailsForAWhile_FailsAndIsCountedOnceByTheNextActivation()
    {
        var id = await CreateActiveAsync();
        var local = cluster.Local.Find(id)!;
        var request = cluster.Request(id);
        var settlement = Calls.Settlement(KeyCluster.FactsOf(request, local.TryReserve(request)!), Calls.Tokens(3, 4));
        cluster.Ledger.FailBeforeWriting(int.MaxValue);

        Assert.True(local.TrySettle(settlement, out var settled));
        await Assert.ThrowsAsync<IOException>(() => settled);
        Assert.False(local.TrySettle(settlement, out _));
        cluster.Ledger.FailBeforeWriting(0);
        await cluster.SettleAsync(id, settlement.Call);

        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
    }

    private async Task SettleAsync(string id, Settlement settlement) => Assert.Equal(
        SettleResult.Settled,
        cluster.Local.Find(id)!.TrySettle(settlement, out var settled) ? await settled : await cluster.Key(id).SettleAsync(settlement));

    /// <summary>A key that holds one call, so that its grain watches deadlines.</summary>
    private async Task<string> CreateActiveAsync(params Limit[] limits)
    {
        var id = await cluster.CreateAsync(limits);
        await cluster.ReserveAsync(id);
        return id;
    }
}
