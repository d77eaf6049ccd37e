using LinqToDB.Data;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Relay.Grains.Admission;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Hosting;
using Relay.Silo.Tests.Keys;

namespace Relay.Silo.Tests.Ledger;

/// <summary>What a verification finds, and what not, with real grains on every database.</summary>
public abstract class VerificationContract
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";
    private const string OtherKey = "key_bbbbbbbbbbbbbbbb";
    private const string SnapshotStorage = "usage";
    private const string SnapshotName = "apikey-usage-v1";

    protected static KeyValuePair<string, string?> NoUpkeep { get; } = KeyValuePair.Create($"{ReportOptions.SectionName}:{nameof(ReportOptions.RollUpSeconds)}", (string?)"86400");

    [SkippableFact]
    public async Task Verify_CallsGoOnWhileTheSumsMove_FindsNothing()
    {
        const int Calls = 400;
        await using var host = await StartAsync();
        await CreateAsync(host, Key, OtherKey);
        var settled = Task.WhenAll(SettleManyAsync(host, Key, Calls), SettleManyAsync(host, OtherKey, Calls));
        var rollUps = host.Services.GetRequiredService<UsageRollUps>();

        do
        {
            await rollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
            var rollingUp = rollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
            Assert.Empty((await VerifyAsync(host)).Differences);
            await rollingUp;
        }
        while (!settled.IsCompleted);

        await settled;
        await rollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
        var last = await VerifyAsync(host);
        Assert.Empty(last.Differences);
        Assert.Equal((2, 2L * Calls), (last.Keys, last.Entries));
    }

    [SkippableFact]
    public async Task Verify_LedgerRowChanged_NamesThatKeysTotalsAndSums()
    {
        await using var host = await StartAsync();
        await FillAsync(host);

        await ExecuteAsync(host, $"UPDATE usage_entries SET input_tokens = input_tokens + 7 WHERE key_id = '{Key}' AND sequence = 2");

        var differences = (await VerifyAsync(host)).Differences;
        Assert.Equal([(Key, DifferenceKind.Totals), (Key, DifferenceKind.Rollups)], differences.Select(one => (one.KeyId, one.Kind)));
        Assert.All(differences, one => Assert.Equal(
            7, (one.Expected.Totals!.Value - one.Actual.Totals!.Value).Tokens.InputTokens));
    }

    [SkippableFact]
    public async Task Verify_LedgerRowDeleted_NamesThatKeysSequenceToo()
    {
        await using var host = await StartAsync();
        await FillAsync(host);

        await ExecuteAsync(host, $"DELETE FROM usage_entries WHERE key_id = '{Key}' AND sequence = 2");

        var differences = (await VerifyAsync(host)).Differences;
        Assert.Equal(
            [(Key, DifferenceKind.Sequence), (Key, DifferenceKind.Totals), (Key, DifferenceKind.Rollups)],
            differences.Select(one => (one.KeyId, one.Kind)));
        Assert.Equal((3L, 2L), (differences[0].Expected.Entries, differences[0].Actual.Entries));
    }

    [SkippableTheory]
    [InlineData("UPDATE usage_hourly SET output_tokens = output_tokens - 1")]
    [InlineData("UPDATE usage_hourly SET cost_nano_usd = cost_nano_usd + 1")]
    [InlineData("UPDATE usage_hourly SET priced_requests = priced_requests - 1")]
    [InlineData("UPDATE usage_hourly SET user_id = 'bob'")]
    [InlineData("UPDATE usage_hourly SET team_id = ''")]
    [InlineData("UPDATE usage_hourly SET hour_start = hour_start + 3600000")]
    [InlineData("UPDATE usage_positions SET rolled_up_sequence = 2")]
    [InlineData("DELETE FROM usage_hourly")]
    [InlineData("DELETE FROM usage_positions")]
    public async Task Verify_HourlySumsChanged_NamesThatKeyAndRepairsIt(string sql)
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await ExecuteAsync(host, $"{sql} WHERE key_id = '{Key}'");

        var found = Assert.Single((await VerifyAsync(host)).Differences);
        var repaired = Assert.Single((await VerifyAsync(host, repairsRollUps: true)).Differences);

        Assert.Equal((Key, DifferenceKind.Rollups, null), (found.KeyId, found.Kind, found.Repaired));
        Assert.NotEqual(found.Expected, found.Actual);
        Assert.Equal(found with { Repaired = true }, repaired);
        Assert.Empty((await VerifyAsync(host)).Differences);
    }

    [SkippableFact]
    public async Task Verify_AfterARestart_StillFindsWhatWasChangedBefore()
    {
        await using (var host = await StartAsync())
        {
            await FillAsync(host);
            await ExecuteAsync(host, $"UPDATE usage_entries SET requests = 2 WHERE key_id = '{Key}' AND sequence = 1");
        }

        await using var again = await StartAsync();
        Assert.Equal(
            [(Key, DifferenceKind.Totals), (Key, DifferenceKind.Snapshot), (Key, DifferenceKind.Rollups)],
            (await VerifyAsync(again)).Differences.Select(one => (one.KeyId, one.Kind)));
    }

    [SkippableFact]
    public async Task Verify_PositionAndSumsLost_AreMadeAnewAndReported()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await ExecuteAsync(host, $"DELETE FROM usage_positions WHERE key_id = '{Key}'");
        await ExecuteAsync(host, $"DELETE FROM usage_hourly WHERE key_id = '{Key}'");

        var repaired = Assert.Single((await VerifyAsync(host, repairsRollUps: true)).Differences);

        Assert.Equal((Key, DifferenceKind.Rollups, true), (repaired.KeyId, repaired.Kind, repaired.Repaired));
        Assert.Equal((3, 0), (repaired.Expected.Totals!.Value.Requests, repaired.Actual.Totals!.Value.Requests));
        var rows = await host.Grains.GetGrain<IUsageReportGrain>(0).QueryAsync(new UsageQuery { GroupBy = UsageGroup.Key });
        Assert.Equal([(Key, 3L), (OtherKey, 3L)], rows.Select(row => (row.Group, row.Totals.Requests)));
        Assert.Empty((await VerifyAsync(host)).Differences);
    }

    [SkippableTheory]
    [InlineData(Window.Month)]
    [InlineData(Window.Total)]
    public async Task Verify_SnapshotsWindowChanged_NamesTheSnapshotAndThenTheTotals(Window window)
    {
        await using (var host = await StartAsync())
        {
            await FillAsync(host);

            // Of a month that is not over, whatever the clock does while the test runs.
            var later = UsageEntries.Entry(Key, 1).Settlement;
            later = later with { Call = later.Call with { ReservedAt = DateTimeOffset.UtcNow.AddDays(40) } };
            Assert.Equal(SettleResult.Settled, await GrainOf(host, Key).SettleAsync(later));
            await host.Services.GetRequiredService<UsageRollUps>().RollUpAsync(DateTimeOffset.MaxValue, default);
            await GrainOf(host, Key).SaveSnapshotAsync();
            Assert.Empty((await VerifyAsync(host)).Differences);
            await ChangeSnapshotAsync(host, Key, book =>
            {
                // The sum over all models stays as it is, so that only the models of a window tell.
                var changed = book.Windows.Single(one => one.Window == window);
                changed.Models = window == Window.Total ? [changed.Models[0] with { Model = "another" }] : [];
            });

            var found = Assert.Single((await VerifyAsync(host)).Differences);
            Assert.Equal((Key, DifferenceKind.Snapshot, window), (found.KeyId, found.Kind, found.Actual.Window));
            Assert.NotEqual(found.Expected.Totals, found.Actual.Totals);
        }

        await using var again = await StartAsync();
        Assert.Equal(
            [(Key, DifferenceKind.Totals, window), (Key, DifferenceKind.Snapshot, window)],
            (await VerifyAsync(again)).Differences.Select(one => (one.KeyId, one.Kind, one.Actual.Window!.Value)));
    }

    [SkippableFact]
    public async Task Verify_SnapshotThatCannotBeRead_IsThatKeysErrorAlone()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await GrainOf(host, Key).SaveSnapshotAsync();
        await ExecuteAsync(host, $"UPDATE usage_entries SET output_tokens = output_tokens + 1 WHERE key_id = '{OtherKey}' AND sequence = 1");
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>(SnapshotStorage);
        var broken = new GrainState<string>("no book");
        var id = GrainOf(host, Key).GetGrainId();
        var stored = new GrainState<KeyState>(new KeyState());
        await storage.ReadStateAsync(SnapshotName, id, stored);
        broken.ETag = stored.ETag;
        await storage.WriteStateAsync(SnapshotName, id, broken);

        var differences = (await VerifyAsync(host)).Differences;

        Assert.Equal(
            [(Key, DifferenceKind.Error), (OtherKey, DifferenceKind.Totals), (OtherKey, DifferenceKind.Rollups)],
            differences.Select(one => (one.KeyId, one.Kind)));
        Assert.DoesNotContain("no book", differences[0].Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task ListStrayKeys_KeyLostFromTheDirectory_IsFoundAndTold()
    {
        await using (var host = await StartAsync())
        {
            await FillAsync(host);
            await ExecuteAsync(host, $"DELETE FROM api_keys WHERE id = '{Key}'");
        }

        await using var again = await StartAsync();
        var verification = again.Grains.GetGrain<IUsageVerificationGrain>(0);
        var strays = await verification.ListStrayKeysAsync(null, 10);
        Assert.Equal(Key, Assert.Single(strays));
        Assert.Empty(await verification.ListStrayKeysAsync(Key, 10));
        var found = Assert.Single((await verification.VerifyAsync(strays, false)).Differences);
        Assert.Equal((Key, DifferenceKind.Key, 3L), (found.KeyId, found.Kind, found.Expected.Entries));
        Assert.Empty((await VerifyAsync(again)).Differences);
    }

    /// <summary>Starts a silo on the test's database.</summary>
    private protected abstract Task<StandaloneHost> StartAsync();

    /// <summary>Two keys of three calls each, all in the hourly sums.</summary>
    private static async Task FillAsync(StandaloneHost host)
    {
        await CreateAsync(host, Key, OtherKey);
        await SettleManyAsync(host, Key, 3);
        await SettleManyAsync(host, OtherKey, 3);
        await host.Services.GetRequiredService<UsageRollUps>().RollUpAsync(DateTimeOffset.MaxValue, default);
        Assert.Empty((await VerifyAsync(host)).Differences);
    }

    private static async Task CreateAsync(StandaloneHost host, params string[] keys)
    {
        foreach (var key in keys)
        {
            await GrainOf(host, key).CreateAsync(KeyDirectoryContract.Settings(key, "ann"));
        }
    }

    private static Task SettleManyAsync(StandaloneHost host, string key, int calls) =>
        Parallel.ForAsync(0, calls, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            var settlement = UsageEntries.Entry(key, 1).Settlement;
            Assert.Equal(SettleResult.Settled, await GrainOf(host, key).SettleAsync(settlement));
        });

    private static IKeyGrain GrainOf(StandaloneHost host, string key) => host.Grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(key));

    private static async Task<UsageVerification> VerifyAsync(StandaloneHost host, bool repairsRollUps = false)
    {
        var keys = await host.Grains.GetGrain<IDirectoryGrain>(0).ListKeysAsync(null, 10);
        return await host.Grains.GetGrain<IUsageVerificationGrain>(0).VerifyAsync([.. keys.Select(key => key.Settings.Id)], repairsRollUps);
    }

    /// <summary>Changes what storage has, behind the grain's back.</summary>
    private static async Task ChangeSnapshotAsync(StandaloneHost host, string key, Action<QuotaBookState> change)
    {
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>(SnapshotStorage);
        var stored = new GrainState<KeyState>(new KeyState());
        await storage.ReadStateAsync(SnapshotName, GrainOf(host, key).GetGrainId(), stored);
        change(stored.State!.Book);
        await storage.WriteStateAsync(SnapshotName, GrainOf(host, key).GetGrainId(), stored);
    }

    private static Task ExecuteAsync(StandaloneHost host, string sql) => host.Services.GetRequiredService<IRelayDatabase>()
        .WriteAsync((connection, token) => connection.ExecuteAsync(sql, token), default);
}
