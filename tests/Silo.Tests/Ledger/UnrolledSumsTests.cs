using CsCheck;
using Relay.Grains.Usage;
using Relay.Silo.Ledger;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Ledger;

/// <summary>The sums of what a silo has committed itself.</summary>
public sealed class UnrolledSumsTests
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";
    private const string OtherKey = "key_bbbbbbbbbbbbbbbb";

    private readonly UnrolledSums _sums = new();

    [Fact]
    public void TakeAll_NothingCommitted_GivesNone() => Assert.Empty(_sums.TakeAll());

    [Fact]
    public void TakeAll_AfterTwoBatches_GivesTheirSumsOnce()
    {
        Add(Entry(Key, 4), Entry(OtherKey, 1), Entry(Key, 5));
        Add(Entry(Key, 6, costNanoUsd: 7));

        var taken = _sums.TakeAll();

        Assert.Equal([Key, OtherKey], taken.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((3, 6), (taken[Key].AfterSequence, taken[Key].LastSequence));
        Assert.Equal(
            new UsageTotals(3, new TokenUsage { InputTokens = 30, OutputTokens = 15 }) { PricedCost = new NanoUsd(7), PricedRequests = 1 },
            Assert.Single(taken[Key].Hours).ToTotals());
        Assert.Equal((0, 1), (taken[OtherKey].AfterSequence, taken[OtherKey].LastSequence));
        Assert.Empty(_sums.TakeAll());
    }

    [Fact]
    public void TakeAll_ThenMore_BeginsAfterWhatWasTaken()
    {
        Add(Entry(Key, 1), Entry(Key, 2));
        _sums.TakeAll();
        Add(Entry(Key, 3));

        var taken = Take(Key);

        Assert.Equal((2, 3, 10), (taken.AfterSequence, taken.LastSequence, Assert.Single(taken.Hours).InputTokens));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    [InlineData(1)]
    public void Add_SequenceThatDoesNotFollow_BeginsAnew(long sequence)
    {
        Add(Entry(Key, 1, model: "lost"), Entry(Key, 2), Entry(Key, sequence), Entry(Key, sequence + 1));

        var taken = Take(Key);

        Assert.Equal((sequence - 1, sequence + 1), (taken.AfterSequence, taken.LastSequence));
        Assert.Equal(2, Assert.Single(taken.Hours).Requests);
    }

    [Fact]
    public void Add_MoreSumsOfOneKeyThanAreKept_BeginsAnew()
    {
        Add(Enumerable.Range(1, UnrolledSums.SumsOfOneKeyMax).Select(one => Entry(Key, one, model: $"m{one}")));
        Assert.Equal(UnrolledSums.SumsOfOneKeyMax, Take(Key).SumCount);

        Add(Enumerable.Range(1, UnrolledSums.SumsOfOneKeyMax + 2).Select(one => Entry(Key, one, model: $"m{one}")));
        var taken = Take(Key);
        Assert.Equal((UnrolledSums.SumsOfOneKeyMax + 1, 1), (taken.AfterSequence, taken.SumCount));
    }

    [Fact]
    public void Add_MoreSumsThanAreKept_LeavesTheLastKeysOut()
    {
        Add(Enumerable.Range(1, UnrolledSums.SumsMax).Select(one => Entry($"key_{one}", 1)));
        Add(Entry("key_1", 2), Entry("key_one too many", 1), Entry("key_2", 2), Entry("key_3", 2, model: "one too many"), Entry("key_4", 2));

        var taken = _sums.TakeAll();

        Assert.Equal(UnrolledSums.SumsMax - 1, taken.Count);
        Assert.DoesNotContain("key_one too many", taken);
        Assert.DoesNotContain("key_3", taken);
        Assert.All(["key_1", "key_2", "key_4"], key => Assert.Equal((0, 2, 1), (taken[key].AfterSequence, taken[key].LastSequence, taken[key].SumCount)));

        // There is room again.
        Add(Enumerable.Range(1, UnrolledSums.SumsMax).Select(one => Entry($"key_{one}", 3)));
        Assert.Equal(UnrolledSums.SumsMax, _sums.TakeAll().Count);
    }

    [Fact]
    public void Add_ManyThatDoNotFollow_TakesNoRoomFromOthers()
    {
        Add(Enumerable.Range(1, UnrolledSums.SumsMax + 1).Select(one => Entry(Key, 2 * one)));
        Add(Entry(OtherKey, 1));

        Assert.Equal([Key, OtherKey], _sums.TakeAll().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TakeAll_AnyEntries_AreSummedByHourAndWhoAndWhat()
    {
        var facts = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 1], Gen.Int[-4_000_000, 4_000_000], Gen.Long[-1000, 1_000_000]);
        Gen.Select(facts.Array[0, 60], Gen.Int[1, 7]).Sample((all, batch) =>
        {
            var sums = new UnrolledSums();
            var entries = all.Select((fact, index) => UsageEntryRow.From(Entry(
                fact.Item3 == 0 ? Key : OtherKey,
                all.Take(index + 1).Count(before => before.Item3 == fact.Item3),
                user: $"u{fact.Item1}",
                team: fact.Item2 == 0 ? null : $"t{fact.Item2}",
                model: $"m{index % 3}",
                endpoint: $"/{index % 2}",
                reservedAt: Noon.AddMilliseconds(fact.Item4),
                inputTokens: fact.Item5,
                costNanoUsd: fact.Item1 == 0 ? null : fact.Item5))).ToList();
            foreach (var some in entries.Chunk(batch))
            {
                sums.Add(some);
            }

            var unrolled = sums.TakeAll();
            foreach (var key in new[] { Key, OtherKey })
            {
                var ofKey = entries.Where(entry => string.Equals(entry.KeyId, key, StringComparison.Ordinal)).ToList();
                var expected = ofKey
                    .GroupBy(entry => (entry.ReservedAt / 3_600_000, entry.User, entry.Team, entry.Model, entry.Endpoint))
                    .ToDictionary(group => group.Key, group => group.Aggregate(default(UsageTotals), (sum, entry) => sum + entry.ToEntry().Totals));
                var taken = unrolled.GetValueOrDefault(key);
                Assert.Equal(ofKey.Count, taken?.LastSequence ?? 0);
                Assert.Equivalent(
                    expected,
                    (taken?.Hours ?? []).ToDictionary(
                        hour => (hour.HourStart / 3_600_000, hour.User, hour.Team, hour.Model, hour.Endpoint), hour => hour.ToTotals()),
                    strict: true);
            }
        });
    }

    private void Add(params IEnumerable<UsageEntry> entries) => _sums.Add(entries.Select(UsageEntryRow.From));

    private UnrolledUsage Take(string keyId) => Assert.Single(_sums.TakeAll(), pair => string.Equals(pair.Key, keyId, StringComparison.Ordinal)).Value;
}
