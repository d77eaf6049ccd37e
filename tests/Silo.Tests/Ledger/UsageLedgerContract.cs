using CsCheck;
using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Ledger;

/// <summary>What every database's ledger does. A database joins with a class that gives it an empty ledger.</summary>
public abstract class UsageLedgerContract
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";
    private const string OtherKey = "key_bbbbbbbbbbbbbbbb";

    /// <summary>The ledger under test, empty at first.</summary>
    protected abstract IUsageLedger Ledger { get; }

    /// <summary>The same ledger as another silo has it: with connections of its own, where the database can be shared.</summary>
    protected abstract IUsageLedger OtherLedger { get; }

    [SkippableFact]
    public async Task Probe_LedgerTakesWrites_LeavesNothingBehind()
    {
        await Ledger.ProbeAsync(default);
        await Ledger.ProbeAsync(default);

        Assert.Empty(await Ledger.SumAsync(new UsageQuery { GroupBy = UsageGroup.Key }, default));
    }

    [SkippableFact]
    public async Task Append_EveryField_ReadsBackTheSame()
    {
        var entry = new UsageEntry
        {
            KeyId = Key,
            Sequence = long.MaxValue,
            Part = 1,
            Requests = 0,
            User = "ann",
            Team = "sales",
            Cost = new NanoUsd(-(1L << 50)),
            PricedRequests = -1,
            Settlement = new Settlement
            {
                Call = new CallFacts
                {
                    RequestId = Guid.CreateVersion7(),
                    ReservedAt = Noon.AddMilliseconds(1),
                    Endpoint = "/v1/embeddings",
                    Model = "text-embedding-3-small",
                    InputTokensHeld = 1,
                    OutputTokensHeld = 2,
                    Choices = 3,
                },
                Usage = new TokenUsage
                {
                    InputTokens = -4,
                    CachedInputTokens = 5,
                    AudioInputTokens = 6,
                    OutputTokens = 1L << 40,
                    ReasoningTokens = 8,
                    AudioOutputTokens = 9,
                    CacheWriteInputTokens = 10,
                },
                Source = UsageSource.Estimated,
                Outcome = Outcome.ClientClosed,
                HttpStatus = 499,
                ModelActual = "text-embedding-3-small-2024",
                Upstream = "backup",
                Attempts = 2,
                StartedAt = Noon.AddMilliseconds(-7),
                FirstByteAt = Noon.AddMilliseconds(300),
                EndedAt = Noon.AddMilliseconds(999),
            },
        };

        await Ledger.AppendAsync([entry], default);

        Assert.Equal([entry], await Ledger.ReadTailAsync(Key, 0, default));
        Assert.Equal([entry], await Ledger.FindAsync(entry.Settlement.Call.RequestId, default));
    }

    [SkippableFact]
    public async Task ReadCalls_OfAPeriod_GivesEachWithAllItsPartsInOrder()
    {
        var ids = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();
        await Ledger.AppendAsync(
            [
                Entry(Key, 1, ids[0], reservedAt: Noon.AddMilliseconds(-1)),
                Entry(Key, 2, ids[1], reservedAt: Noon),
                Entry(Key, 3, ids[1], part: 2, reservedAt: Noon, costNanoUsd: 5),
                Entry(Key, 4, ids[2], reservedAt: Noon.AddMinutes(1)),
                Entry(Key, 5, ids[1], part: 1, reservedAt: Noon),
                Entry(Key, 6, ids[3], reservedAt: Noon.AddHours(1)),
                Entry("key_cccccccccccccccc", 1, reservedAt: Noon),
            ],
            default);

        var calls = await Ledger.ReadCallsAsync(Key, Noon, Noon.AddHours(1), 0, 10, default);

        Assert.Equal([[2, 5, 3], [4]], calls.Select(static call => call.Select(static entry => entry.Sequence)));
        Assert.Equal(2, Assert.Single(await Ledger.ReadCallsAsync(Key, Noon, Noon.AddHours(1), 0, 1, default))[0].Sequence);
        Assert.Equal(4, Assert.Single(await Ledger.ReadCallsAsync(Key, Noon, Noon.AddHours(1), 2, 10, default))[0].Sequence);
        Assert.Empty(await Ledger.ReadCallsAsync(Key, Noon.AddTicks(1), Noon.AddMinutes(1), 0, 10, default));
    }

    [SkippableTheory]
    [InlineData("O'Brien \"x\"; DROP TABLE usage_entries; --")]
    [InlineData("\U0001F680 \u00E9\u4E16 \t\r\n \\ % _ @p0 :p1 ?")]
    [InlineData("")]
    [InlineData(" space before")]
    public async Task Append_AnyText_ReadsBackTheSame(string text)
    {
        var entry = Entry(Key, 1, user: text, team: text, model: text);

        await Ledger.AppendAsync([entry], default);

        Assert.Equal([entry], await Ledger.ReadTailAsync(Key, 0, default));
        var row = Assert.Single(await Ledger.SumAsync(new UsageQuery { User = text, GroupBy = UsageGroup.Model }, default));
        Assert.Equal(text, row.Group);
    }

    [SkippableFact]
    public async Task Append_NulCharacter_IsReplacedAndStillFound()
    {
        await Ledger.AppendAsync([Entry(Key, 1, user: "a\0b", model: "m\0")], default);

        var entry = Assert.Single(await Ledger.ReadTailAsync(Key, 0, default));
        Assert.Equal("a\uFFFDb", entry.User);
        Assert.Equal("m\uFFFD", entry.Settlement.Call.Model);
        Assert.Single(await Ledger.SumAsync(new UsageQuery { User = "a\0b" }, default));
    }

    [SkippableFact]
    public async Task Append_LongestText_ReadsBackTheSame()
    {
        var entry = Entry(Key, 1, user: string.Concat(Enumerable.Repeat("\U0001F680", 64)), model: new string('\u4E16', 256));

        await Ledger.AppendAsync([entry], default);

        var read = Assert.Single(await Ledger.ReadTailAsync(Key, 0, default));
        Assert.Equal(entry.User, read.User);
        Assert.Equal(entry.Settlement.Call.Model, read.Settlement.Call.Model);
        Assert.Equal(entry, read);
    }

    [SkippableFact]
    public async Task Append_TextThatNoDatabaseTakes_IsMadeFit()
    {
        var tooLong = new string('x', 1 << 20);
        var pairAtTheCut = new string('y', 255) + "\U0001F680";

        await Ledger.AppendAsync([Entry(Key, 1, user: "half \uD83D", team: pairAtTheCut, model: tooLong)], default);

        var entry = Assert.Single(await Ledger.ReadTailAsync(Key, 0, default));
        Assert.Equal("half \uFFFD", entry.User);
        Assert.Equal(new string('y', 255), entry.Team);
        Assert.Equal(new string('x', 256), entry.Settlement.Call.Model);
        Assert.Single(await Ledger.SumAsync(new UsageQuery { User = "half \uD83D" }, default));
    }

    [SkippableFact]
    public async Task Append_ConflictWithinTheBatch_CommitsNothingOfIt()
    {
        var requestId = Guid.CreateVersion7();

        await Assert.ThrowsAsync<LedgerConflictException>(() => Ledger.AppendAsync(
            [Entry(OtherKey, 1), Entry(Key, 1, requestId), Entry(Key, 2, requestId)], default));

        Assert.Empty(await Ledger.SumAsync(new UsageQuery(), default));
    }

    [SkippableFact]
    public async Task Append_TwoSilosAtOnce_LoseNothing()
    {
        const int Keys = 8;
        const int Batches = 10;
        const int Rows = 20;

        await Task.WhenAll(Enumerable.Range(0, Keys).Select(async key =>
        {
            var ledger = key % 2 == 0 ? Ledger : OtherLedger;
            for (var batch = 0; batch < Batches; batch++)
            {
                await ledger.AppendAsync(
                    [.. Enumerable.Range(1, Rows).Select(row => Entry($"key_{key}", (batch * Rows) + row))], default);
            }
        }));

        for (var key = 0; key < Keys; key++)
        {
            Assert.Equal(
                Enumerable.Range(1, Batches * Rows).Select(sequence => (long)sequence),
                (await Ledger.ReadTailAsync($"key_{key}", 0, default)).Select(entry => entry.Sequence));
        }
    }

    [SkippableFact]
    public async Task Append_SameSequencesFromTwoSilos_EachIsCommittedOnceAndTheOtherIsAConflict()
    {
        const int Sequences = 30;

        var committed = await Task.WhenAll(Enumerable.Range(1, Sequences).SelectMany(sequence => new[]
        {
            TryAppendAsync(Ledger, sequence), TryAppendAsync(OtherLedger, sequence),
        }));

        Assert.Equal(Sequences, committed.Count(one => one));
        Assert.Equal(
            Enumerable.Range(1, Sequences).Select(sequence => (long)sequence),
            (await Ledger.ReadTailAsync(Key, 0, default)).Select(entry => entry.Sequence));

        static async Task<bool> TryAppendAsync(IUsageLedger ledger, int sequence)
        {
            try
            {
                await ledger.AppendAsync([Entry(Key, sequence)], default);
                return true;
            }
            catch (LedgerConflictException)
            {
                return false;
            }
        }
    }

    [SkippableFact]
    public async Task FindMany_SomeOfThem_AnswersThoseThatAreThere()
    {
        var requestId = Guid.CreateVersion7();
        var other = Entry(OtherKey, 1);
        var second = Entry(Key, 2, requestId, part: 1);
        await Ledger.AppendAsync([Entry(Key, 1, requestId), second, other, Entry(Key, 3)], default);
        var otherId = other.Settlement.Call.RequestId;

        var found = await Ledger.FindManyAsync([(requestId, 1), (otherId, 0), (otherId, 1), (Guid.CreateVersion7(), 0), (otherId, 0)], default);

        Assert.Equal([second, other], found.OrderBy(entry => entry.KeyId, StringComparer.Ordinal));
        Assert.Empty(await Ledger.FindManyAsync([], default));
    }

    [SkippableFact]
    public async Task FindMany_MoreThanADatabaseTakesParameters_AnswersAll()
    {
        var entries = Enumerable.Range(1, 2500).Select(sequence => Entry(Key, sequence)).ToList();
        await Ledger.AppendAsync(entries, default);

        var found = await Ledger.FindManyAsync([.. entries.Select(entry => (entry.Settlement.Call.RequestId, 0))], default);

        Assert.Equal(entries, found.OrderBy(entry => entry.Sequence));
    }

    [SkippableFact]
    public async Task Append_Nothing_DoesNothing()
    {
        await Ledger.AppendAsync([], default);

        Assert.Empty(await Ledger.SumAsync(new UsageQuery(), default));
    }

    [SkippableFact]
    public async Task Append_FullBatch_CommitsEveryRow()
    {
        var entries = Enumerable.Range(1, 1000).Select(sequence => Entry(Key, sequence)).ToList();

        await Ledger.AppendAsync(entries, default);

        Assert.Equal(entries, await Ledger.ReadTailAsync(Key, 0, default));
    }

    [SkippableFact]
    public async Task Append_SequenceThatIsTaken_CommitsNothingOfItsBatch()
    {
        await Ledger.AppendAsync([Entry(Key, 1)], default);

        await Assert.ThrowsAsync<LedgerConflictException>(() => Ledger.AppendAsync(
            [Entry(OtherKey, 1), Entry(Key, 1), Entry(Key, 2)], default));

        Assert.Empty(await Ledger.ReadTailAsync(OtherKey, 0, default));
        Assert.Single(await Ledger.ReadTailAsync(Key, 0, default));
    }

    [SkippableFact]
    public async Task Append_RequestAndPartThatAreTaken_CommitsNothingOfItsBatch()
    {
        var requestId = Guid.CreateVersion7();
        await Ledger.AppendAsync([Entry(Key, 1, requestId)], default);

        // The last row of more than one statement's worth: what the first statements wrote must go too.
        var batch = Enumerable.Range(2, 900).Select(sequence => Entry(Key, sequence)).Append(Entry(Key, 902, requestId));
        await Assert.ThrowsAsync<LedgerConflictException>(() => Ledger.AppendAsync([.. batch], default));

        Assert.Single(await Ledger.ReadTailAsync(Key, 0, default));
    }

    [SkippableFact]
    public async Task Append_AfterAFailure_Commits()
    {
        await Ledger.AppendAsync([Entry(Key, 1)], default);
        await Assert.ThrowsAsync<LedgerConflictException>(() => Ledger.AppendAsync([Entry(Key, 1)], default));

        await Ledger.AppendAsync([Entry(Key, 2)], default);

        Assert.Equal([1L, 2L], (await Ledger.ReadTailAsync(Key, 0, default)).Select(entry => entry.Sequence));
    }

    [SkippableFact]
    public async Task Append_Cancelled_CommitsNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Ledger.AppendAsync([Entry(Key, 1)], new CancellationToken(canceled: true)));

        Assert.Empty(await Ledger.ReadTailAsync(Key, 0, default));
    }

    [SkippableFact]
    public async Task ReadTail_AfterASequence_AnswersTheLaterOnesOfThatKeyInOrder()
    {
        await Ledger.AppendAsync([Entry(Key, 3), Entry(Key, 1), Entry(OtherKey, 2), Entry(Key, 2), Entry(Key, 10)], default);

        Assert.Equal([2L, 3L, 10L], (await Ledger.ReadTailAsync(Key, 1, default)).Select(entry => entry.Sequence));
        Assert.Empty(await Ledger.ReadTailAsync(Key, 10, default));
        Assert.Empty(await Ledger.ReadTailAsync("key_unknown", 0, default));
    }

    [SkippableFact]
    public async Task Find_TwoParts_AnswersThemInOrder()
    {
        var requestId = Guid.CreateVersion7();
        await Ledger.AppendAsync([Entry(Key, 1, requestId, part: 1), Entry(Key, 2, requestId), Entry(Key, 3)], default);

        Assert.Equal([0, 1], (await Ledger.FindAsync(requestId, default)).Select(entry => entry.Part));
        Assert.Empty(await Ledger.FindAsync(Guid.CreateVersion7(), default));
    }

    [SkippableFact]
    public async Task Sum_NoEntries_AnswersNoRow()
    {
        Assert.Empty(await Ledger.SumAsync(new UsageQuery(), default));
        Assert.Empty(await Ledger.SumAsync(new UsageQuery { GroupBy = UsageGroup.User }, default));
    }

    [SkippableFact]
    public async Task Sum_NoGroup_AnswersOneRowOverAll()
    {
        var requestId = Guid.CreateVersion7();
        await Ledger.AppendAsync(
            [Entry(Key, 1, requestId, inputTokens: 7, outputTokens: 1), Entry(Key, 2, requestId, part: 1, inputTokens: -2), Entry(OtherKey, 1)],
            default);

        var row = Assert.Single(await Ledger.SumAsync(new UsageQuery(), default));

        Assert.Null(row.Group);
        Assert.Equal(new UsageTotals(2, new TokenUsage { InputTokens = 15, OutputTokens = 11 }), row.Totals);
    }

    [SkippableTheory]
    [InlineData(UsageGroup.User, "bob", "zoe")]
    [InlineData(UsageGroup.Key, Key, OtherKey)]
    [InlineData(UsageGroup.Team, null, "sales")]
    [InlineData(UsageGroup.Model, "gpt-4o", "o3")]
    [InlineData(UsageGroup.Endpoint, "/v1/chat/completions", "/v1/embeddings")]
    public async Task Sum_Group_AnswersARowForEachOfItsValues(UsageGroup group, string? first, string second)
    {
        await Ledger.AppendAsync(
            [
                Entry(Key, 1, user: "bob", inputTokens: 1),
                Entry(Key, 2, user: "bob", inputTokens: 2),
                Entry(OtherKey, 1, user: "zoe", team: "sales", model: "o3", endpoint: "/v1/embeddings", inputTokens: 4),
            ],
            default);

        Assert.Equal(
            [
                new UsageRow(first, new UsageTotals(2, new TokenUsage { InputTokens = 3, OutputTokens = 10 })),
                new UsageRow(second, new UsageTotals(1, new TokenUsage { InputTokens = 4, OutputTokens = 5 })),
            ],
            await Ledger.SumAsync(new UsageQuery { GroupBy = group }, default));
    }

    [SkippableFact]
    public async Task Sum_Groups_DifferByCaseAndAreOrderedOrdinally()
    {
        string[] users = ["b", "a", "B", "\uFF5E", "A", "\U0001F680", "\u00E9"];
        await Ledger.AppendAsync([.. users.Select((user, index) => Entry(Key, index + 1, user: user))], default);

        var rows = await Ledger.SumAsync(new UsageQuery { GroupBy = UsageGroup.User }, default);

        Assert.Equal(users.Order(StringComparer.Ordinal), rows.Select(row => row.Group), StringComparer.Ordinal);
    }

    [SkippableFact]
    public async Task Sum_Span_IsFromInclusiveToExclusive()
    {
        await Ledger.AppendAsync(
            [.. Enumerable.Range(0, 4).Select(ms => Entry(Key, ms + 1, reservedAt: Noon.AddMilliseconds(ms), inputTokens: 1L << ms))],
            default);

        Assert.Equal(2 + 4, await InputTokensAsync(Noon.AddMilliseconds(1), Noon.AddMilliseconds(3)));
        Assert.Equal(4 + 8, await InputTokensAsync(Noon.AddMilliseconds(1).AddTicks(1), null));
        Assert.Equal(1 + 2, await InputTokensAsync(null, Noon.AddMilliseconds(1).AddTicks(1)));
    }

    [SkippableFact]
    public async Task Sum_User_AnswersThatUserOnly()
    {
        await Ledger.AppendAsync([Entry(Key, 1, user: "ann"), Entry(OtherKey, 1, user: "bob")], default);

        var row = Assert.Single(await Ledger.SumAsync(new UsageQuery { User = "ann", GroupBy = UsageGroup.Key }, default));
        Assert.Equal(Key, row.Group);
        Assert.Empty(await Ledger.SumAsync(new UsageQuery { User = "nobody" }, default));
    }

    [SkippableFact]
    public async Task Sum_RandomEntries_EqualsTheSumInMemory()
    {
        var genEntries = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Long[-1000, 1_000_000], Gen.Long[0, 1_000_000])
            .Array[1, 60];
        var sequence = 0L;
        var all = new List<UsageEntry>();

        // Batches pile up in one ledger: after each, every group's sum is compared with that over all entries until then.
        foreach (var batch in genEntries.Array[5].Single())
        {
            var entries = batch
                .Select(x => Entry(
                    Key,
                    ++sequence,
                    user: $"u{x.Item1}",
                    team: x.Item2 == 0 ? null : $"t{x.Item2}",
                    inputTokens: x.Item3,
                    outputTokens: x.Item4))
                .ToList();
            all.AddRange(entries);
            await Ledger.AppendAsync(entries, default);

            Assert.Equal(
                Expected(all, entry => entry.User),
                await Ledger.SumAsync(new UsageQuery { GroupBy = UsageGroup.User }, default));
            Assert.Equal(
                Expected(all, entry => entry.Team),
                await Ledger.SumAsync(new UsageQuery { GroupBy = UsageGroup.Team }, default));
            Assert.Equal(Expected(all, _ => null), await Ledger.SumAsync(new UsageQuery(), default));
        }
    }

    private static IEnumerable<UsageRow> Expected(IEnumerable<UsageEntry> entries, Func<UsageEntry, string?> groupOf) => entries
        .GroupBy(groupOf, StringComparer.Ordinal)
        .Select(group => new UsageRow(group.Key, group.Aggregate(default(UsageTotals), (sum, entry) => sum + entry.Totals)))
        .OrderBy(row => row.Group, StringComparer.Ordinal);

    private async Task<long> InputTokensAsync(DateTimeOffset? from, DateTimeOffset? to) =>
        Assert.Single(await Ledger.SumAsync(new UsageQuery { From = from, To = to }, default)).Totals.Tokens.InputTokens;
}
