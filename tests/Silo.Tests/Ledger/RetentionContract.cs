using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Admission;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Hosting;
using Relay.Silo.Tests.Keys;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Ledger;

/// <summary>What dropping old entries leaves as it was, and what it refuses, with real grains on every database.</summary>
public abstract class RetentionContract
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";

    private const long Many = (2 * UsageRetention.EntriesOfOneStepMax) + 500;

    // A day more than the retention before this lies 2020-05-20 12:30, amid an hour.
    private static readonly DateTimeOffset Now = new(2020, 6, 20, 12, 30, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset January = new(2020, 1, 15, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset May = new(2020, 5, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset June = new(2020, 6, 19, 12, 0, 0, TimeSpan.Zero);

    protected static KeyValuePair<string, string?> NoUpkeep { get; } =
        KeyValuePair.Create($"{ReportOptions.SectionName}:{nameof(ReportOptions.RollUpSeconds)}", (string?)"86400");

    [SkippableFact]
    public async Task Drop_OldEntries_ChangesNoTotalNoReportAndNoVerification()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        var before = await ReadAllAsync(host);

        await RetentionOf(host).DropAsync(default);
        await RetentionOf(host).DropAsync(default);

        Assert.Equal([5, 6], await SequencesAsync(host));
        Assert.Equal(4, (await CarriedAsync(host)).Sequence);
        Assert.Equal(before, await ReadAllAsync(host));
        await AssertRightAsync(host, entries: 2);

        await SettleAsync(host, Entry(Key, 0, reservedAt: June, model: "gpt-4o"));
        await RollUpAsync(host);
        await AssertRightAsync(host, entries: 3);
    }

    [SkippableFact]
    public async Task Drop_EverythingIsOld_KeepsTotalsAndTheLastUse()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        var before = await ReadAllAsync(host);

        await RetentionOf(host, Now.AddYears(1)).DropAsync(default);

        Assert.Empty(await SequencesAsync(host));
        Assert.Equal(before, await ReadAllAsync(host));
        await AssertRightAsync(host, entries: 0);
        var listed = Assert.Single(await host.Grains.GetGrain<IDirectoryGrain>(0).ListKeysAsync(null, 10));
        Assert.Equal(June, listed.LastUsedAt);
    }

    [SkippableFact]
    public async Task Drop_KeptForEver_DropsNothing()
    {
        await using var host = await StartAsync();
        await FillAsync(host);

        await RetentionOf(host, retentionDays: 0).DropAsync(default);

        Assert.Equal([1, 2, 3, 4, 5, 6], await SequencesAsync(host));
        Assert.Null(await LedgerOf(host).ReadCarriedAsync(Key, default));
    }

    [SkippableFact]
    public async Task Drop_OldEntryAfterAYoungOne_StaysForTheSequenceToHaveNoHole()
    {
        await using var host = await StartAsync();
        await CreateAsync(host);
        await LedgerOf(host).AppendAsync([Entry(Key, 1, reservedAt: January), Entry(Key, 2, reservedAt: June), Entry(Key, 3, reservedAt: January)], default);
        await RollUpAsync(host);

        await RetentionOf(host).DropAsync(default);

        Assert.Equal([2, 3], await SequencesAsync(host));
        await AssertRightAsync(host, entries: 2);
    }

    [SkippableFact]
    public async Task Drop_NotRolledUpOrOfNoKnownKey_Stays()
    {
        await using var host = await StartAsync();
        await CreateAsync(host);
        await LedgerOf(host).AppendAsync([Entry("key_unknown", 1, reservedAt: January), Entry(Key, 1, reservedAt: January)], default);
        await RollUpAsync(host);
        await LedgerOf(host).AppendAsync([Entry(Key, 2, reservedAt: January)], default);

        await RetentionOf(host).DropAsync(default);

        Assert.Equal([2], await SequencesAsync(host));
        Assert.Equal([1], await SequencesAsync(host, "key_unknown"));
    }

    [SkippableFact]
    public async Task Drop_EntryIsMissing_StopsBeforeItSoThatItIsTold()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await ExecuteAsync(host, $"DELETE FROM usage_entries WHERE key_id = '{Key}' AND sequence = 3");

        foreach (var _ in new[] { "as far as the gap", "with the gap first" })
        {
            using var log = new RecordingLoggerProvider();
            using var logging = new LoggerFactory([log]);
            await RetentionOf(host, logger: logging.CreateLogger<UsageRetention>()).DropAsync(default);
            Assert.Single(log.WarningCategories);
        }

        Assert.Equal([4, 5, 6], await SequencesAsync(host));
        var difference = (await VerifyAsync(host)).Differences[0];
        Assert.Equal((DifferenceKind.Sequence, 3L, 4L), (difference.Kind, difference.Expected.FirstSequence, difference.Actual.FirstSequence));
    }

    [SkippableFact]
    public async Task Drop_TwoSilosAtOnceWhileCallsGoOn_CarriesEachEntryOnce()
    {
        await using var host = await StartAsync();
        await FillManyAsync(host);

        await Task.WhenAll(
            RetentionOf(host).DropAsync(default),
            RetentionOf(host).DropAsync(default),
            Parallel.ForAsync(0, 50, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, _) => await SettleAsync(host, Entry(Key, 0, reservedAt: June))));

        // The slower one may have given up when it met the faster one.
        await RollUpAsync(host);
        await RetentionOf(host).DropAsync(default);
        Assert.Equal(50, (await SequencesAsync(host)).Count);
        var carried = await CarriedAsync(host);
        Assert.Equal((Many, Many), (carried.Sequence, carried.ByModel.Sum(model => model.Totals.Requests)));
        await AssertRightAsync(host, entries: 50);
    }

    [SkippableFact]
    public async Task Drop_ProcessDiesWithinAStep_IsWholeAndGoesOnLater()
    {
        await using var host = await StartAsync();
        await FillManyAsync(host);

        await RetentionOf(host, database: new DyingDatabase(DatabaseOf(host), writesBefore: 1)).DropAsync(default);

        Assert.Equal(UsageRetention.EntriesOfOneStepMax, (await CarriedAsync(host)).Sequence);
        await AssertRightAsync(host, entries: Many - UsageRetention.EntriesOfOneStepMax);

        await RetentionOf(host).DropAsync(default);
        Assert.Empty(await SequencesAsync(host));
        await AssertRightAsync(host, entries: 0);
    }

    [SkippableFact]
    public async Task Activate_SnapshotIsLost_StartsFromWhatIsCarried()
    {
        (KeyUsage Usage, string Reports) before;
        await using (var host = await StartAsync())
        {
            await FillAsync(host);
            before = await ReadAllAsync(host);
            await RetentionOf(host).DropAsync(default);
        }

        await using var again = await StartAsync(beforeGrains: "DELETE FROM grain_state");

        Assert.Equal(before, await ReadAllAsync(again));
        await AssertRightAsync(again, entries: 2);
        await SettleAsync(again, Entry(Key, 0, reservedAt: June));
        await RollUpAsync(again);
        Assert.Equal([5, 6, 7], await SequencesAsync(again));
        await AssertRightAsync(again, entries: 3);
    }

    [SkippableFact]
    public async Task Settle_CallWhoseEntriesMayBeDropped_IsNotBookedAgain()
    {
        await using var host = await StartAsync();
        await CreateAsync(host);
        var settled = Entry(Key, 1, reservedAt: January);
        var expired = Entry(Key, 2, reservedAt: May, inputTokens: 3);
        expired = expired with { Settlement = expired.Settlement with { Outcome = Outcome.Expired, Source = UsageSource.Estimated } };
        await LedgerOf(host).AppendAsync([settled, expired, Entry(Key, 3, reservedAt: June)], default);
        await RollUpAsync(host);
        await RetentionOf(host).DropAsync(default);
        Assert.Equal([3], await SequencesAsync(host));
        var key = GrainOf(host);
        var before = await key.GetUsageAsync();
        var real = expired.Settlement with { Outcome = Outcome.Completed, Source = UsageSource.Reported };

        await key.RenewAsync([new HoldRenewal(real.Call, default)]);
        var results = await Task.WhenAll(key.SettleAsync(settled.Settlement), key.SettleAsync(real), key.SettleAsync(real));

        Assert.All(results, result => Assert.Equal(SettleResult.TooOld, result));
        Assert.Equal(before!.Totals, (await key.GetUsageAsync())!.Totals);
        Assert.Equal([3], await SequencesAsync(host));

        // Younger than all that was dropped, however old: surely not counted yet.
        await SettleAsync(host, Entry(Key, 0, reservedAt: May.AddMilliseconds(1)));
        Assert.Equal([3, 4], await SequencesAsync(host));
    }

    [SkippableFact]
    public async Task Append_SequenceThatIsDropped_IsAConflictAndWritesNothing()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await RetentionOf(host).DropAsync(default);

        await Assert.ThrowsAsync<LedgerConflictException>(
            () => LedgerOf(host).AppendAsync([Entry("key_bbbbbbbbbbbbbbbb", 1), Entry(Key, 4)], default));

        Assert.Equal([5, 6], await SequencesAsync(host));
        Assert.Empty(await SequencesAsync(host, "key_bbbbbbbbbbbbbbbb"));
    }

    [SkippableFact]
    public async Task Verify_CarriedSumChanged_IsTold()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await RetentionOf(host).DropAsync(default);

        await ExecuteAsync(host, $"UPDATE usage_carried SET input_tokens = input_tokens + 7 WHERE key_id = '{Key}' AND model = 'o1'");

        var differences = (await VerifyAsync(host)).Differences;
        Assert.Equal([DifferenceKind.Totals, DifferenceKind.Snapshot, DifferenceKind.Rollups], differences.Select(one => one.Kind));
        Assert.All(differences, one => Assert.Equal(7, (one.Expected.Totals!.Value - one.Actual.Totals!.Value).Tokens.InputTokens));
    }

    [SkippableFact]
    public async Task Verify_SumOfADroppedHourChanged_IsToldAndNotMadeAnew()
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        await RetentionOf(host).DropAsync(default);
        await ExecuteAsync(host, $"UPDATE usage_hourly SET requests = requests + 1 WHERE hour_start = {January.ToUnixTimeMilliseconds()} AND model = 'o1'");
        var report = await ReportsAsync(host);

        var difference = Assert.Single((await VerifyAsync(host, repairsRollUps: true)).Differences);

        Assert.Equal((DifferenceKind.Rollups, null, null), (difference.Kind, difference.Expected.Hour, difference.Repaired));
        Assert.Equal(1, difference.Actual.Totals!.Value.Requests - difference.Expected.Totals!.Value.Requests);
        Assert.Equal(report, await ReportsAsync(host));
    }

    [SkippableTheory]
    [InlineData("UPDATE usage_hourly SET output_tokens = output_tokens - 1 WHERE hour_start = (SELECT MAX(hour_start) FROM usage_hourly)")]
    [InlineData("DELETE FROM usage_hourly WHERE hour_start = (SELECT MAX(hour_start) FROM usage_hourly)")]
    public async Task Verify_SumOfALaterHourChanged_IsMadeAnewAndTheDroppedOnesStay(string sql)
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        var report = await ReportsAsync(host);
        await RetentionOf(host).DropAsync(default);
        await ExecuteAsync(host, sql);

        var difference = Assert.Single((await VerifyAsync(host, repairsRollUps: true)).Differences);

        Assert.Equal((DifferenceKind.Rollups, June, true), (difference.Kind, difference.Expected.Hour, difference.Repaired));
        Assert.Equal(report, await ReportsAsync(host));
        await AssertRightAsync(host, entries: 2);
    }

    [SkippableTheory]
    [InlineData(5, 0)]
    [InlineData(-1, 0)]
    [InlineData(0, 7)]
    public async Task Verify_SnapshotChanged_IsTold(long moreSequence, long moreTokens)
    {
        await using var host = await StartAsync();
        await FillAsync(host);
        Assert.Equal(6, await GrainOf(host).SaveSnapshotAsync());
        Assert.Empty((await VerifyAsync(host)).Differences);
        var storage = host.Services.GetRequiredKeyedService<Orleans.Storage.IGrainStorage>("usage");
        var stored = new GrainState<KeyState>(new KeyState());
        await storage.ReadStateAsync("apikey-usage-v1", GrainOf(host).GetGrainId(), stored);
        stored.State!.Book.Sequence += moreSequence;
        stored.State.Book.Windows.Single(window => window.Window == Window.Total).Models[0].InputTokens += moreTokens;
        await storage.WriteStateAsync("apikey-usage-v1", GrainOf(host).GetGrainId(), stored);

        var difference = Assert.Single((await VerifyAsync(host)).Differences);

        Assert.Equal((Key, DifferenceKind.Snapshot, null), (difference.KeyId, difference.Kind, difference.Repaired));
        Assert.Equal(6 + moreSequence, difference.Actual.LastSequence);
        Assert.NotEqual(difference.Expected, difference.Actual);
    }

    /// <summary>Starts a silo on the test's database.</summary>
    private protected abstract Task<StandaloneHost> StartAsync();

    /// <summary>The same, with a statement that runs before any grain does.</summary>
    private async Task<StandaloneHost> StartAsync(string beforeGrains)
    {
        var host = await StartAsync();
        await ExecuteAsync(host, beforeGrains);
        return host;
    }

    /// <summary>Six calls of two models, of which four are old; of the fifth's hour, one is old and one is not.</summary>
    private static async Task FillAsync(StandaloneHost host)
    {
        await CreateAsync(host);
        await SettleAsync(host, Entry(Key, 0, reservedAt: January, model: "o1"));
        await SettleAsync(host, Entry(Key, 0, reservedAt: January.AddHours(1)));
        await SettleAsync(host, Entry(Key, 0, reservedAt: May.AddHours(-5), model: "o1", inputTokens: 70));
        await SettleAsync(host, Entry(Key, 0, reservedAt: May.AddMinutes(10), inputTokens: 80));
        await SettleAsync(host, Entry(Key, 0, reservedAt: May.AddMinutes(40), inputTokens: 90));
        await SettleAsync(host, Entry(Key, 0, reservedAt: June));
        await RollUpAsync(host);
        await AssertRightAsync(host, entries: 6);
    }

    private static async Task FillManyAsync(StandaloneHost host)
    {
        await CreateAsync(host);
        foreach (var chunk in Enumerable.Range(1, (int)Many).Chunk(500))
        {
            await LedgerOf(host).AppendAsync([.. chunk.Select(sequence => Entry(Key, sequence, reservedAt: January, model: $"m{sequence % 3}", costNanoUsd: sequence % 2 == 0 ? sequence : null))], default);
        }

        await RollUpAsync(host);
    }

    /// <summary>Makes the key without its grain, which then finds what a test writes to the ledger.</summary>
    private static Task CreateAsync(StandaloneHost host) => host.Services.GetRequiredService<IKeyDirectory>().InsertAsync(
        KeyDirectoryContract.Settings(Key, "ann") with { Limits = [new Limit(Metric.Tokens, Window.Total, 1_000_000, "o1")] },
        default);

    private static async Task SettleAsync(StandaloneHost host, UsageEntry entry) =>
        Assert.Equal(SettleResult.Settled, await GrainOf(host).SettleAsync(entry.Settlement));

    private static async Task AssertRightAsync(StandaloneHost host, long entries)
    {
        var verification = await VerifyAsync(host);
        Assert.Empty(verification.Differences);
        Assert.Equal(entries, verification.Entries);
    }

    /// <summary>What the key's grain and the reports say, in a form that can be compared.</summary>
    private static async Task<(KeyUsage Usage, string Reports)> ReadAllAsync(StandaloneHost host)
    {
        var usage = (await GrainOf(host).GetUsageAsync())!;
        var text = string.Join('\n', [.. usage.ByModel.Select(one => one.ToString()), .. usage.Limits.Select(one => one.ToString()), await ReportsAsync(host)]);
        return (usage with { ByModel = [], Limits = [] }, text);
    }

    private static async Task<string> ReportsAsync(StandaloneHost host)
    {
        var lines = new List<string>();
        foreach (var group in Enum.GetValues<UsageGroup>())
        {
            lines.AddRange((await LedgerOf(host).SumAsync(new UsageQuery { GroupBy = group }, default)).Select(row => row.ToString()));
            lines.AddRange((await LedgerOf(host).SumAsync(new UsageQuery { GroupBy = group, From = January.AddHours(1), To = May.AddHours(1) }, default))
                .Select(row => row.ToString()));
        }

        return string.Join('\n', lines);
    }

    private static UsageRetention RetentionOf(
        StandaloneHost host,
        DateTimeOffset? now = null,
        int retentionDays = 30,
        IRelayDatabase? database = null,
        ILogger<UsageRetention>? logger = null) => new(
        database ?? DatabaseOf(host),
        host.Grains,
        Options.Create(new ReportOptions { RetentionDays = retentionDays }),
        new FakeTimeProvider(now ?? Now),
        logger ?? NullLogger<UsageRetention>.Instance);

    private static IRelayDatabase DatabaseOf(StandaloneHost host) => host.Services.GetRequiredService<IRelayDatabase>();

    private static IUsageLedger LedgerOf(StandaloneHost host) => host.Services.GetRequiredService<IUsageLedger>();

    private static IKeyGrain GrainOf(StandaloneHost host) => host.Grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(Key));

    private static Task RollUpAsync(StandaloneHost host) => host.Services.GetRequiredService<UsageRollUps>().RollUpAsync(DateTimeOffset.MaxValue, default);

    private static async Task<CarriedUsage> CarriedAsync(StandaloneHost host) => (await LedgerOf(host).ReadCarriedAsync(Key, default))!;

    private static Task<List<long>> SequencesAsync(StandaloneHost host, string key = Key) => DatabaseOf(host).ReadAsync(
        (connection, token) => connection.GetTable<UsageEntryRow>()
            .Where(entry => entry.KeyId == key)
            .OrderBy(entry => entry.Sequence)
            .Select(entry => entry.Sequence)
            .ToListAsync(token),
        default);

    private static Task<UsageVerification> VerifyAsync(StandaloneHost host, bool repairsRollUps = false) =>
        host.Grains.GetGrain<IUsageVerificationGrain>(0).VerifyAsync([Key], repairsRollUps);

    private static Task ExecuteAsync(StandaloneHost host, string sql) =>
        DatabaseOf(host).WriteAsync((connection, token) => connection.ExecuteAsync(sql, token), default);
}
