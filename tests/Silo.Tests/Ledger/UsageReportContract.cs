using CsCheck;
using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Grains.Usage;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Ledger;

/// <summary>What every database's hourly sums and reports do.</summary>
public abstract class UsageReportContract
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";
    private const string OtherKey = "key_bbbbbbbbbbbbbbbb";
    private static readonly UsageGroup?[] Groups = [null, .. Enum.GetValues<UsageGroup>()];

    /// <summary>The database, empty at first.</summary>
    private protected abstract IRelayDatabase Database { get; }

    /// <summary>The same database as another silo has it, where it can be shared.</summary>
    private protected abstract IRelayDatabase OtherDatabase { get; }

    private SqlUsageLedger Ledger => new(Database, new UnrolledSums());

    private UsageRollUps RollUps => new(Database, new UnrolledSums(), NullLogger<UsageRollUps>.Instance);

    [SkippableFact]
    public async Task RollUp_EntriesOfTwoHours_AddsThemOnceAndKeepsReports()
    {
        var requestId = Guid.CreateVersion7();
        await Ledger.AppendAsync(
            [
                Entry(Key, 1, requestId, reservedAt: Noon.AddMilliseconds(-1), costNanoUsd: 100),
                Entry(Key, 2, requestId, part: 1, reservedAt: Noon.AddMilliseconds(-1), inputTokens: -3, costNanoUsd: -30),
                Entry(Key, 3, reservedAt: Noon),
                Entry(OtherKey, 1, reservedAt: Noon, team: "sales", costNanoUsd: 5),
            ],
            default);

        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);

        var hours = await HoursAsync();
        Assert.Equal(
            [(Key, Noon.AddHours(-1), 1L, 7L), (Key, Noon, 1L, 10L), (OtherKey, Noon, 1L, 10L)],
            hours.Select(row => (row.KeyId, DateTimeOffset.FromUnixTimeMilliseconds(row.HourStart), row.Requests, row.InputTokens)));
        Assert.Equal(
            new UsageTotals(3, new TokenUsage { InputTokens = 27, OutputTokens = 20 }) { PricedCost = new NanoUsd(75), PricedRequests = 2 },
            Assert.Single(await Ledger.SumAsync(new UsageQuery(), default)).Totals);
    }

    [SkippableFact]
    public async Task RollUp_EntriesAfterTheFirstTime_AreAddedToTheSameRow()
    {
        await Ledger.AppendAsync([Entry(Key, 1)], default);
        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
        await Ledger.AppendAsync([Entry(Key, 2)], default);

        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);

        Assert.Equal(20, Assert.Single(await HoursAsync()).InputTokens);
    }

    // What a roll-up does not read shows by entries that somebody has changed in the meantime.
    [SkippableFact]
    public async Task RollUp_WhatTheSiloCommittedItself_IsNotReadAgain()
    {
        var (ledger, rollUps) = OneSilo(Database);
        await ledger.AppendAsync([Entry(Key, 1), Entry(Key, 2, model: "other"), Entry(OtherKey, 1)], default);
        await ledger.AppendAsync([Entry(Key, 3, costNanoUsd: 4)], default);
        await ChangeEntriesAsync();

        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);

        Assert.Equal([(Key, 2L, 20L, 4L), (Key, 1, 10, 0), (OtherKey, 1, 10, 0)], ShortOf(await HoursAsync()));
        Assert.Equal([(Key, 3L), (OtherKey, 1L)], await PositionsAsync());

        // The ledger is what is right: made anew, the sums are the entries'.
        await rollUps.RebuildAsync(Key, default);
        Assert.Equal([(Key, 2L, 1998L, 4L), (Key, 1, 999, 0), (OtherKey, 1, 10, 0)], ShortOf(await HoursAsync()));
        Assert.Equal([(Key, 3L), (OtherKey, 1L)], await PositionsAsync());

        static IEnumerable<(string, long, long, long)> ShortOf(List<UsageHourRow> hours) => hours
            .Select(row => (row.KeyId, row.Requests, row.InputTokens, row.CostNanoUsd))
            .OrderBy(row => row.KeyId, StringComparer.Ordinal)
            .ThenByDescending(row => row.Requests);
    }

    [SkippableFact]
    public async Task RollUp_AfterEntriesOfAnotherSilo_ReadsOnlyThose()
    {
        var (ledger, rollUps) = OneSilo(Database);
        await Ledger.AppendAsync([Entry(Key, 1), Entry(Key, 2)], default);
        await ledger.AppendAsync([Entry(Key, 3), Entry(Key, 4)], default);
        await ChangeEntriesAsync();

        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);

        Assert.Equal((2 * 999) + (2 * 10), Assert.Single(await HoursAsync()).InputTokens);
        Assert.Equal([(Key, 4L)], await PositionsAsync());
    }

    [SkippableFact]
    public async Task RollUp_AfterAnotherSilosPass_AddsTheRestOnceAndIsInStepAgain()
    {
        var (ledger, rollUps) = OneSilo(Database);
        await ledger.AppendAsync([Entry(Key, 1), Entry(Key, 2)], default);
        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
        await ledger.AppendAsync([Entry(Key, 3)], default);

        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);
        Assert.Equal((3, 30), (Assert.Single(await HoursAsync()).Requests, Assert.Single(await HoursAsync()).InputTokens));

        await ledger.AppendAsync([Entry(Key, 4)], default);
        await ChangeEntriesAsync();
        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);
        Assert.Equal((4, 40), (Assert.Single(await HoursAsync()).Requests, Assert.Single(await HoursAsync()).InputTokens));
    }

    [SkippableFact]
    public async Task RollUp_EntriesOfAnotherSilo_AreLeftToItUntilTheyAreOld()
    {
        var rollUps = RollUps;
        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);
        await Ledger.AppendAsync([Entry(Key, 1, reservedAt: Noon), Entry(OtherKey, 1, reservedAt: Noon.AddHours(1)), Entry(OtherKey, 2, reservedAt: Noon)], default);

        await rollUps.RollUpAsync(Noon, default);
        Assert.Empty(await HoursAsync());

        await rollUps.RollUpAsync(Noon.AddMilliseconds(1), default);
        Assert.Equal([(Key, 1L), (OtherKey, 0L)], await PositionsAsync());
    }

    [SkippableFact]
    public async Task RollUp_FirstOfAProcessOrAfterOneThatFailed_LeavesNothingToOthers()
    {
        var rollUps = RollUps;
        await Ledger.AppendAsync([Entry(OtherKey, 1)], default);
        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);
        Assert.Equal([(OtherKey, 1L)], await PositionsAsync());

        // Two of these have no sum.
        await Ledger.AppendAsync([Entry(Key, 1, inputTokens: long.MaxValue), Entry(Key, 2, inputTokens: long.MaxValue)], default);
        await rollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
        await Ledger.AppendAsync([Entry(OtherKey, 2)], default);
        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);

        Assert.Equal([(Key, 0L), (OtherKey, 2L)], await PositionsAsync());
    }

    [SkippableFact]
    public async Task RollUp_RebuiltWhileTheSiloKnowsSums_AddsNothingTwice()
    {
        var (ledger, rollUps) = OneSilo(Database);
        await ledger.AppendAsync([Entry(Key, 1), Entry(Key, 2)], default);

        await rollUps.RebuildAsync(Key, default);
        await ledger.AppendAsync([Entry(Key, 3)], default);
        await rollUps.RollUpAsync(DateTimeOffset.MinValue, default);

        Assert.Equal(3, Assert.Single(await HoursAsync()).Requests);
    }

    [SkippableFact]
    public async Task RollUp_AnySilosInAnyOrder_AddsEachEntryOnce()
    {
        const int Keys = 3;

        // The third silo's ledger tells its roll-ups of nothing, as after an unknown outcome or a restart.
        (SqlUsageLedger Ledger, UsageRollUps RollUps)[] silos = [OneSilo(Database), OneSilo(OtherDatabase), (Ledger, RollUps)];
        var turn = 0;
        await Gen.Select(Gen.Int[0, 5], Gen.Int[0, Keys - 1], Gen.Int[1, 4], Gen.Long[0, 1000]).Array[40].SampleAsync(
            async steps =>
            {
                // Each try has keys of its own.
                var names = Enumerable.Range(0, Keys).Select(key => $"key_{turn}_{key}").ToList();
                turn++;
                var entries = new List<UsageEntry>();
                foreach (var (step, key, count, tokens) in steps)
                {
                    if (step >= silos.Length)
                    {
                        await silos[step - silos.Length].RollUps.RollUpAsync(tokens > 500 ? DateTimeOffset.MaxValue : DateTimeOffset.MinValue, default);
                        continue;
                    }

                    var last = entries.Count(entry => string.Equals(entry.KeyId, names[key], StringComparison.Ordinal));
                    UsageEntry[] batch =
                    [
                        .. Enumerable.Range(1, count).Select(one => Entry(names[key], last + one, user: $"u{tokens % 2}", inputTokens: tokens + one)),
                    ];
                    await silos[step].Ledger.AppendAsync(batch, default);
                    entries.AddRange(batch);
                }

                await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
                Assert.Equal(
                    entries.GroupBy(entry => (entry.KeyId, entry.User)).Select(group => (group.Key, group.LongCount(), group.Sum(Input))).Order(),
                    (await HoursAsync())
                        .Where(row => names.Contains(row.KeyId, StringComparer.Ordinal))
                        .Select(row => ((row.KeyId, row.User), row.Requests, row.InputTokens))
                        .Order());
            },
            iter: 5,
            threads: 1);

        static long Input(UsageEntry entry) => entry.Settlement.Usage.InputTokens;
    }

    [SkippableFact]
    public async Task RollUp_MoreThanOneStep_AddsAll()
    {
        const int Entries = (2 * UsageRollUps.EntriesOfOneStepMax) + 1;
        await Ledger.AppendAsync([.. Enumerable.Range(1, Entries).Select(sequence => Entry(Key, sequence))], default);

        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);

        Assert.Equal(Entries, Assert.Single(await HoursAsync()).Requests);
    }

    [SkippableFact]
    public async Task RollUp_TextsThatOnlyTheirBordersTellApart_AreRowsOfTheirOwn()
    {
        await Ledger.AppendAsync(
            [
                Entry(Key, 1, user: "a", team: "b"),
                Entry(Key, 2, user: "a1:b", team: null),
                Entry(Key, 3, user: "a", team: ""),
                Entry(Key, 4, user: "a", team: null),
                Entry(Key, 5, user: "A", team: null),
                Entry(Key, 6, user: new string('u', 256), team: new string('t', 256), model: new string('m', 256), endpoint: new string('e', 256)),
            ],
            default);

        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);

        Assert.Equal(6, (await HoursAsync()).Count);
        Assert.Equal([null, "", "b", new string('t', 256)], (await Ledger.SumAsync(new UsageQuery { GroupBy = UsageGroup.Team }, default)).Select(row => row.Group));
    }

    [SkippableFact]
    public async Task RollUp_OneKeyFails_AddsTheOthers()
    {
        // Two of these have no sum.
        await Ledger.AppendAsync(
            [Entry(Key, 1, inputTokens: long.MaxValue), Entry(Key, 2, inputTokens: long.MaxValue), Entry(OtherKey, 1)], default);

        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);

        Assert.Equal(OtherKey, Assert.Single(await HoursAsync()).KeyId);
    }

    [SkippableFact]
    public async Task Sum_TextsThatDifferByTrailingSpaces_AreOne()
    {
        await Ledger.AppendAsync(
            [
                Entry(Key, 1, user: "ann", team: "a", model: "gpt"),
                Entry(Key, 2, user: "ann ", team: "a  ", model: "gpt "),
                Entry(Key, 3, user: " ann", team: " a", model: " gpt"),
            ],
            default);

        foreach (var rollsUp in new[] { false, true })
        {
            if (rollsUp)
            {
                await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
            }

            Assert.Equal([(" ann", 1L), ("ann", 2L)], await RequestsAsync(UsageGroup.User));
            Assert.Equal([(" a", 1L), ("a", 2L)], await RequestsAsync(UsageGroup.Team));
            Assert.Equal([(" gpt", 1L), ("gpt", 2L)], await RequestsAsync(UsageGroup.Model));
            Assert.Equal(2, Assert.Single(await Ledger.SumAsync(new UsageQuery { User = "ann " }, default)).Totals.Requests);
            Assert.Equal(2, Assert.Single(await Ledger.SumAsync(new UsageQuery { Team = "a ", Models = ["gpt  "] }, default)).Totals.Requests);
        }

        async Task<IEnumerable<(string?, long)>> RequestsAsync(UsageGroup group) =>
            (await Ledger.SumAsync(new UsageQuery { GroupBy = group }, default)).Select(row => (row.Group, row.Totals.Requests));
    }

    [SkippableFact]
    public async Task ReadAtOneMoment_EntriesComeInBetween_DoesNotSeeThem()
    {
        await Ledger.AppendAsync([Entry(Key, 1)], default);
        var other = new SqlUsageLedger(OtherDatabase, new UnrolledSums());

        var counts = await Database.ReadAtOneMomentAsync(
            async (connection, token) =>
            {
                var before = await connection.GetTable<UsageEntryRow>().CountAsync(token);
                await other.AppendAsync([Entry(Key, 2)], token);
                return (before, await connection.GetTable<UsageEntryRow>().CountAsync(token));
            },
            default);

        Assert.Equal((1, 1), counts);
        Assert.Equal(2, await Database.ReadAsync((connection, token) => connection.GetTable<UsageEntryRow>().CountAsync(token), default));
    }

    [SkippableFact]
    public async Task RollUp_TwoSilosAtOnceWhileEntriesCome_CountsEachOnce()
    {
        const int Keys = 4;
        const int Entries = 300;
        var (ledger, own) = OneSilo(Database);
        var (_, other) = OneSilo(OtherDatabase);
        var appended = Task.WhenAll(Enumerable.Range(0, Keys).Select(async key =>
        {
            for (var sequence = 1; sequence <= Entries; sequence += 10)
            {
                await ledger.AppendAsync([.. Enumerable.Range(sequence, 10).Select(one => Entry($"key_{key}", one))], default);
            }
        }));

        await Task.WhenAll(RollUpUntilAsync(own), RollUpUntilAsync(other), ReadUntilAsync());
        await other.RollUpAsync(DateTimeOffset.MaxValue, default);

        Assert.Equal(Enumerable.Repeat((long)Entries, Keys), (await HoursAsync()).Select(row => row.Requests));

        async Task RollUpUntilAsync(UsageRollUps rollUps)
        {
            bool isLast;
            do
            {
                isLast = appended.IsCompleted;
                await rollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
            }
            while (!isLast);
        }

        // A report never counts an entry twice or not at all while it moves into the sums.
        async Task ReadUntilAsync()
        {
            var last = 0L;
            while (!appended.IsCompleted)
            {
                var sum = (await Ledger.SumAsync(new UsageQuery(), default)).SingleOrDefault()?.Totals.Requests ?? 0;
                Assert.InRange(sum, last, Keys * Entries);
                Assert.Equal(0, sum % 10);
                last = sum;
            }
        }
    }

    [SkippableFact]
    public async Task Sum_AnySpanAndAnyPosition_EqualsTheSumInMemory()
    {
        var gen = Gen.Select(
            Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[-9_000_000, 9_000_000], Gen.Long[-1000, 1_000_000]).Array[40],
            Gen.Int[0, 40],
            Gen.Select(Gen.Int[-9_000_000, 9_000_000], Gen.Int[0, 9_000_000]).Array[6]);
        var (facts, rolledUp, spans) = gen.Single();
        var entries = facts.Select((fact, index) => Entry(
            $"key_{index % 2}",
            (index / 2) + 1,
            user: $"u{fact.Item1}",
            team: fact.Item2 == 0 ? null : $"t{fact.Item2}",
            model: $"m{index % 3}",
            reservedAt: Noon.AddMilliseconds(fact.Item3),
            inputTokens: fact.Item4)).ToList();
        await Ledger.AppendAsync([.. entries.Take(rolledUp)], default);
        await RollUps.RollUpAsync(DateTimeOffset.MaxValue, default);
        await Ledger.AppendAsync([.. entries.Skip(rolledUp)], default);

        foreach (var (start, length) in spans.Append((-3_600_000, 7_200_000)))
        {
            var from = Noon.AddMilliseconds(start);
            foreach (var group in Groups)
            {
                await AssertSameAsync(entries, new UsageQuery { From = from, To = from.AddMilliseconds(length), GroupBy = group });
                await AssertSameAsync(entries, new UsageQuery { From = from, GroupBy = group, User = "u1" });
                await AssertSameAsync(entries, new UsageQuery { To = from, GroupBy = group });
                await AssertSameAsync(entries, new UsageQuery { From = from, GroupBy = group, Team = "t1", Models = ["m1", "m0", "m1", "none"] });
                await AssertSameAsync(entries, new UsageQuery { To = from.AddMilliseconds(length), GroupBy = group, Models = [] });
            }
        }
    }

    private async Task AssertSameAsync(IEnumerable<UsageEntry> entries, UsageQuery query)
    {
        var expected = entries
            .Where(entry => !(entry.Settlement.Call.ReservedAt < query.From)
                && !(entry.Settlement.Call.ReservedAt >= query.To)
                && (query.User is null || string.Equals(entry.User, query.User, StringComparison.Ordinal))
                && (query.Team is null || string.Equals(entry.Team, query.Team, StringComparison.Ordinal))
                && query.Models?.Contains(entry.Settlement.Call.Model, StringComparer.Ordinal) is not false)
            .GroupBy(
                entry => query.GroupBy switch
                {
                    UsageGroup.User => entry.User,
                    UsageGroup.Key => entry.KeyId,
                    UsageGroup.Team => entry.Team,
                    UsageGroup.Model => entry.Settlement.Call.Model,
                    UsageGroup.Endpoint => entry.Settlement.Call.Endpoint,
                    _ => null,
                },
                StringComparer.Ordinal)
            .Select(group => new UsageRow(group.Key, group.Aggregate(default(UsageTotals), (sum, entry) => sum + entry.Totals)))
            .OrderBy(row => row.Group, StringComparer.Ordinal);
        Assert.Equal(expected, await Ledger.SumAsync(query, default));
    }

    /// <summary>A silo whose roll-ups know what it commits.</summary>
    private static (SqlUsageLedger Ledger, UsageRollUps RollUps) OneSilo(IRelayDatabase database)
    {
        var unrolled = new UnrolledSums();
        return (new SqlUsageLedger(database, unrolled), new UsageRollUps(database, unrolled, NullLogger<UsageRollUps>.Instance));
    }

    private Task ChangeEntriesAsync() => Database.WriteAsync(
        (connection, token) => connection.GetTable<UsageEntryRow>().Set(row => row.InputTokens, 999).UpdateAsync(token), default);

    private Task<IEnumerable<(string KeyId, long Sequence)>> PositionsAsync() => Database.ReadAsync(
        async (connection, token) => (await connection.GetTable<UsagePositionRow>().ToListAsync(token))
            .Select(row => (row.KeyId, row.RolledUpSequence))
            .OrderBy(row => row.KeyId, StringComparer.Ordinal)
            .AsEnumerable(),
        default);

    private Task<List<UsageHourRow>> HoursAsync() => Database.ReadAsync(
        (connection, token) => connection.GetTable<UsageHourRow>()
            .OrderBy(row => row.KeyId)
            .ThenBy(row => row.HourStart)
            .ToListAsync(token),
        default);
}
