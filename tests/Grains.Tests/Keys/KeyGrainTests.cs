using Orleans.Storage;
using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Keys;

/// <summary>The clock of this cluster stands still, so that no hold of one test expires in another.</summary>
public sealed class KeyGrainTests(KeyCluster cluster) : IClassFixture<KeyCluster>
{
    [Fact]
    public async Task Reserve_ThousandAtOnceWithRoomForTen_AdmitsExactlyTen()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Requests, Window.Day, 10));

        var decisions = await Task.WhenAll(
            Enumerable.Range(0, 1_000).Select(_ => cluster.Key(id).ReserveAsync(cluster.Request(id)).AsTask()));

        Assert.Equal(10, decisions.Count(static decision => decision.Refusal is null));
        Assert.All(
            decisions.Where(static decision => decision.Refusal is not null),
            static decision => Assert.Equal(RefusalKind.LimitReached, decision.Refusal!.Kind));
        Assert.Equal(10, (await cluster.LimitAsync(id)).Held);
    }

    [Fact]
    public async Task Reserve_Admitted_SaysWhatIsHeldAndLeft()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Requests, Window.Hour, 10));

        var decision = await cluster.Key(id).ReserveAsync(cluster.Request(id));

        Assert.Equal("ann", decision.User);
        Assert.Equal(20, decision.OutputTokensHeld);
        Assert.Equal(new RateLimitStatus(10, 9, TimeSpan.FromHours(1)), decision.Requests);
        Assert.Null(decision.Tokens);
    }

    [Fact]
    public async Task Reserve_UnknownKeyOrWrongSecret_AreRefusedAlike()
    {
        var id = await cluster.CreateAsync();
        var wrong = cluster.Request(id) with { KeyHash = KeyCluster.HashOf("wrong") };
        var unknownId = KeyCluster.NewId();

        var refused = await cluster.Key(id).ReserveAsync(wrong);
        var unknown = await cluster.Key(unknownId).ReserveAsync(cluster.Request(unknownId));

        Assert.Equal(RefusalKind.UnknownKey, unknown.Refusal!.Kind);
        Assert.Equal(unknown, refused);
        Assert.Equal(KeyStatus.Unknown, (await cluster.Key(id).AuthenticateAsync(wrong.KeyHash)).Status);
        Assert.Equal(KeyStatus.Active, (await cluster.Key(id).AuthenticateAsync(KeyCluster.HashOf(id))).Status);
    }

    [Fact]
    public async Task Get_UnknownKey_IsNullUntilItIsCreated()
    {
        var id = KeyCluster.NewId();
        Assert.Null(await cluster.Key(id).GetAsync());
        Assert.Null(await cluster.Key(id).GetUsageAsync());
        Assert.False(await cluster.Key(id).RevokeAsync());

        await cluster.Key(id).CreateAsync(cluster.Settings(id));

        Assert.Equal("test", (await cluster.Key(id).GetAsync())!.Settings.Name);
        await cluster.ReserveAsync(id);

        // A create whose answer was lost comes again; another key of the same id does not.
        await cluster.Key(id).CreateAsync(cluster.Settings(id));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => cluster.Key(id).CreateAsync(cluster.Settings(id) with { Hash = KeyCluster.HashOf("another") }));
        await Assert.ThrowsAsync<ArgumentException>(
            () => cluster.Key(id).CreateAsync(cluster.Settings(KeyCluster.NewId())));
    }

    [Fact]
    public async Task Reserve_ModelNotAllowed_IsRefused()
    {
        var id = KeyCluster.NewId();
        await cluster.Key(id).CreateAsync(cluster.Settings(id) with { Models = ["gpt-4o*"] });

        Assert.Null((await cluster.Key(id).ReserveAsync(cluster.Request(id, "gpt-4o-mini"))).Refusal);
        Assert.Equal(
            RefusalKind.ModelNotAllowed, (await cluster.Key(id).ReserveAsync(cluster.Request(id, "o1"))).Refusal!.Kind);
    }

    [Fact]
    public async Task Reserve_ExpiredKey_IsRefused()
    {
        var id = KeyCluster.NewId();
        await cluster.Key(id).CreateAsync(cluster.Settings(id) with { ExpiresAt = cluster.Time.GetUtcNow() });

        Assert.Equal(RefusalKind.ExpiredKey, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
    }

    [Fact]
    public async Task Revoke_Returned_RefusesTheNextCallAndTakesTheSettleOfTheLast()
    {
        var id = await cluster.CreateAsync();
        var call = await cluster.ReserveAsync(id);

        Assert.True(await cluster.Key(id).RevokeAsync());
        Assert.True(await cluster.Key(id).RevokeAsync());

        Assert.Equal(RefusalKind.RevokedKey, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
        Assert.NotNull((await cluster.Directory.FindAsync(id, CancellationToken.None))!.RevokedAt);
        await cluster.SettleAsync(id, call);
        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
        await cluster.RestartAsync(id);
        Assert.Equal(KeyStatus.Revoked, (await cluster.Key(id).AuthenticateAsync(KeyCluster.HashOf(id))).Status);
    }

    [Fact]
    public async Task Revoke_OutcomeUnknown_IsReadBackFromTheDirectory()
    {
        var id = await cluster.CreateAsync();
        cluster.Directory.FailAfterWriting(1);

        await Assert.ThrowsAsync<IOException>(() => cluster.Key(id).RevokeAsync());

        // The activation that did not know the outcome has stepped down; nobody knows its holds.
        var waiting = (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!;
        Assert.Equal(RefusalKind.OwnerChanging, waiting.Kind);
        cluster.Time.Advance(waiting.RetryAfter!.Value);
        Assert.Equal(RefusalKind.RevokedKey, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
    }

    [Fact]
    public async Task Settle_Repeated_CountsOnce()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Tokens, Window.Total, 100));
        var call = await cluster.ReserveAsync(id);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => cluster.SettleAsync(id, call)));
        await cluster.SettleAsync(id, call);

        Assert.Equal(new UsageTotals(1, Calls.Tokens(3, 4)), await cluster.TotalsAsync(id));
        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);
        Assert.Single(await cluster.Ledger.FindAsync(call.RequestId, CancellationToken.None));
        Assert.Equal(call.ReservedAt, (await cluster.Key(id).GetAsync())!.LastUsedAt);
    }

    [Fact]
    public async Task Settle_FreshActivation_BooksFromTheSettlement()
    {
        var id = await cluster.CreateAsync();
        var call = await cluster.ReserveAsync(id);
        await cluster.RestartAsync(id);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => cluster.SettleAsync(id, call)));

        Assert.Equal(new UsageTotals(1, Calls.Tokens(3, 4)), await cluster.TotalsAsync(id));
    }

    [Fact]
    public async Task Settle_LedgerFailsForAWhile_IsRightAfterTheRetry()
    {
        var id = await cluster.CreateAsync();
        await cluster.SettleAsync(id, await cluster.ReserveAsync(id));
        var call = await cluster.ReserveAsync(id);
        cluster.Ledger.FailBeforeWriting(int.MaxValue);

        await Assert.ThrowsAsync<IOException>(() => cluster.SettleAsync(id, call));
        cluster.Ledger.FailBeforeWriting(0);
        await cluster.SettleAsync(id, call);

        Assert.Equal(new UsageTotals(2, Calls.Tokens(6, 8)), await cluster.TotalsAsync(id));
    }

    [Fact]
    public async Task Settle_LedgerWritesThenFails_IsFoundAndCountedOnce()
    {
        var id = await cluster.CreateAsync();
        var call = await cluster.ReserveAsync(id);
        cluster.Ledger.FailAfterWriting(1);

        await cluster.SettleAsync(id, call);
        await cluster.SettleAsync(id, call);
        await cluster.SettleAsync(id, await cluster.ReserveAsync(id));

        Assert.Equal(new UsageTotals(2, Calls.Tokens(6, 8)), await cluster.TotalsAsync(id));
    }

    [Fact]
    public async Task Settle_BeforeItsCommit_CountsNothing()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Tokens, Window.Total, 100));
        var call = await cluster.ReserveAsync(id);
        cluster.Ledger.Block();

        var settling = cluster.SettleAsync(id, call);
        await cluster.Ledger.AppendStarted;
        var before = await cluster.Key(id).GetUsageAsync();
        cluster.Ledger.Unblock();
        await settling;

        Assert.Equal(0, before!.Totals.Requests);
        Assert.Equal(7, before.Limits[0].Held);
        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Settle_ManyAtOnce_LeaveNoGap()
    {
        var id = await cluster.CreateAsync();
        var calls = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => cluster.ReserveAsync(id)));

        await Task.WhenAll(calls.Select(call => cluster.SettleAsync(id, call)));

        Assert.Equal(new UsageTotals(200, Calls.Tokens(600, 800)), await cluster.TotalsAsync(id));
        var entries = await cluster.Ledger.ReadTailAsync(id, 0, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 200).Select(static sequence => (long)sequence), entries.Select(static entry => entry.Sequence));
    }

    [Fact]
    public async Task Settle_AbsurdUsage_IsCapped()
    {
        var id = await cluster.CreateAsync();

        await cluster.SettleAsync(id, await cluster.ReserveAsync(id), long.MaxValue, -5);
        await cluster.SettleAsync(id, await cluster.ReserveAsync(id), long.MaxValue, long.MinValue);

        Assert.Equal(Calls.Tokens(2_000_000_000_000, 0), (await cluster.TotalsAsync(id)).Tokens);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    public async Task Restart_BeforeOrAfterASnapshot_KeepsTheTotals(int settles)
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Requests, Window.Day, 100));
        for (var settle = 0; settle < settles; settle++)
        {
            await cluster.SettleAsync(id, await cluster.ReserveAsync(id));
        }

        var before = await cluster.Key(id).GetUsageAsync();
        for (var restart = 0; restart < 2; restart++)
        {
            await cluster.RestartAsync(id);
            Assert.Equivalent(before, await cluster.Key(id).GetUsageAsync(), strict: true);
            Assert.NotNull((await cluster.Key(id).GetAsync())!.LastUsedAt);
        }
    }

    [Fact]
    public async Task Settle_EveryFourthCommit_SavesASnapshot()
    {
        var id = await cluster.CreateAsync();
        for (var settle = 0; settle < 3; settle++)
        {
            await cluster.SettleAsync(id, await cluster.ReserveAsync(id));
        }

        Assert.False(cluster.Snapshots.Has(cluster.Key(id).GetGrainId()));
        await cluster.SettleAsync(id, await cluster.ReserveAsync(id));

        // No settle waits for it.
        await cluster.Snapshots.SavedAsync(cluster.Key(id).GetGrainId());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Settle_SnapshotFails_LosesNothing(bool stale)
    {
        var id = await cluster.CreateAsync();
        cluster.Snapshots.FailOnce(stale ? new InconsistentStateException("stale") : new IOException("The test told it to."));

        for (var settle = 0; settle < 6; settle++)
        {
            await cluster.SettleAsync(id, await cluster.ReserveAsync(id));
        }

        Assert.Equal(6, (await cluster.TotalsAsync(id)).Requests);
        await cluster.RestartAsync(id);
        Assert.Equal(6, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Activate_EntriesThatNoSnapshotHas_CountsThem()
    {
        var id = KeyCluster.NewId();
        await cluster.Directory.InsertAsync(cluster.Settings(id), CancellationToken.None);
        await cluster.Ledger.AppendAsync([Entry(id, 1)], CancellationToken.None);

        Assert.Equal(new UsageTotals(1, Calls.Tokens(5, 6)), await cluster.TotalsAsync(id));
    }

    [Fact]
    public async Task Restart_InOrder_HandsTheHoldsOver()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 2));
        var running = await cluster.ReserveAsync(id);
        var settled = await cluster.ReserveAsync(id);
        await cluster.SettleAsync(id, settled);

        await cluster.RestartAsync(id);

        Assert.Equal(1, (await cluster.LimitAsync(id)).Held);
        await cluster.ReserveAsync(id);
        Assert.Equal(RefusalKind.LimitReached, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
        await cluster.SettleAsync(id, running);
        Assert.Equal(2, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Reserve_AnotherSiloHasClaimedTheKey_MovesToANewActivation()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Requests, Window.Total, 2));
        await cluster.ReserveAsync(id);
        await cluster.Owners.ClaimAsync(id, "another", CancellationToken.None);

        await cluster.RenewLeaseAsync();

        // The first answer sends the caller away; the next activation claims the key back, and waits for the other to stop.
        Assert.Equal(RefusalKind.OwnerChanging, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
        await cluster.RestartAsync(id);
        var waiting = (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!;
        Assert.Equal(RefusalKind.OwnerChanging, waiting.Kind);
        await Assert.ThrowsAsync<OwnerChangingException>(() => cluster.Key(id).AuthenticateAsync(KeyCluster.HashOf(id)).AsTask());
        cluster.Time.Advance(waiting.RetryAfter!.Value);
        await cluster.ReserveAsync(id);
    }

    [Fact]
    public async Task Renew_FreshActivation_RebuildsTheHold()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 1));
        var call = await cluster.ReserveAsync(id);
        await cluster.Owners.ClaimAsync(id, "another", CancellationToken.None);
        await cluster.RestartAsync(id);
        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);

        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(1, 1))]);

        Assert.Equal(1, (await cluster.LimitAsync(id)).Held);
        await cluster.SettleAsync(id, call);
        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);
        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Renew_AfterTheSettle_ResurrectsNothing()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 1));
        var call = await cluster.ReserveAsync(id);
        await cluster.SettleAsync(id, call);

        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(1, 1))]);

        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);
    }

    [Fact]
    public async Task Renew_WhileTheSettleIsWritten_ResurrectsNothing()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 1));
        var call = await cluster.ReserveAsync(id);
        cluster.Ledger.Block();
        var settling = cluster.SettleAsync(id, call);
        await cluster.Ledger.AppendStarted;

        await cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(1, 1))]);
        cluster.Ledger.Unblock();
        await settling;

        Assert.Equal(0, (await cluster.LimitAsync(id)).Held);
    }

    [Fact]
    public async Task Concurrency_SettledOrReleased_GivesTheSlotBack()
    {
        var id = await cluster.CreateAsync(new Limit(Metric.Concurrency, Window.Total, 1));

        await cluster.SettleAsync(id, await cluster.ReserveAsync(id));
        var call = await cluster.ReserveAsync(id);
        Assert.Equal(RefusalKind.LimitReached, (await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal!.Kind);
        await cluster.Key(id).ReleaseAsync(call.RequestId);
        await cluster.Key(id).ReleaseAsync(call.RequestId);

        await cluster.ReserveAsync(id);
        Assert.Equal(1, (await cluster.TotalsAsync(id)).Requests);
    }

    [Fact]
    public async Task Reserve_LedgerIsBehind_IsOverloaded()
    {
        var id = await cluster.CreateAsync();
        var other = KeyCluster.NewId();
        var keyLedger = cluster.Writer.Open();
        cluster.Ledger.Block();
        var first = keyLedger.AppendAsync(Entry(other, 1));
        await cluster.Ledger.AppendStarted;
        var waiting = Enumerable.Range(2, 2_000).Select(sequence => keyLedger.AppendAsync(Entry(other, sequence))).ToArray();

        var decision = await cluster.Key(id).ReserveAsync(cluster.Request(id));
        cluster.Ledger.Unblock();
        await Task.WhenAll([first, .. waiting]);

        Assert.Equal(RefusalKind.Overloaded, decision.Refusal!.Kind);
        Assert.Null((await cluster.Key(id).ReserveAsync(cluster.Request(id))).Refusal);
    }

    [Fact]
    public async Task Reports_AfterSettles_AreAnsweredFromTheLedger()
    {
        var id = KeyCluster.NewId();
        var user = id + "-user";
        await cluster.Key(id).CreateAsync(cluster.Settings(id) with { User = user });
        await cluster.SettleAsync(id, await cluster.ReserveAsync(id));

        var rows = await cluster.Grain<IUsageReportGrain>().QueryAsync(new UsageQuery { User = user, GroupBy = UsageGroup.Model });
        var listed = await cluster.Grain<Grains.Directory.IDirectoryGrain>().ListKeysAsync(null, 1_000);

        Assert.Equal(new UsageRow(Calls.Model, new UsageTotals(1, Calls.Tokens(3, 4))), Assert.Single(rows));
        Assert.Contains(listed, key => key.Settings.Id.Equals(id, StringComparison.Ordinal) && key.LastUsedAt is not null);
        Assert.True(await cluster.Grain<Grains.Directory.IDirectoryGrain>().UserExistsAsync(user));
        Assert.False(await cluster.Grain<Grains.Directory.IDirectoryGrain>().UserExistsAsync("nobody"));
    }

    private static UsageEntry Entry(string id, long sequence) => Calls.Draft(
        new CallFacts
        {
            RequestId = Guid.NewGuid(),
            ReservedAt = Calls.Noon,
            Endpoint = Calls.Endpoint,
            Model = Calls.Model,
            InputTokensHeld = 0,
            OutputTokensHeld = 0,
        },
        Calls.Tokens(5, 6)) with
    { KeyId = id, Sequence = sequence };
}
