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
    public void Take_KeyWithoutEntries_GivesNone() => Assert.Null(_sums.Take(Key));

    [Fact]
    public void Take_AfterTwoBatches_GivesTheirSumOnce()
    {
        Add(Entry(Key, 4), Entry(OtherKey, 1), Entry(Key, 5));
        Add(Entry(Key, 6, costNanoUsd: 7));

        var taken = Take(Key);
        Assert.Equal((3, 6), (taken.AfterSequence, taken.LastSequence));
        Assert.Equal(
            new UsageTotals(3, new TokenUsage { InputTokens = 30, OutputTokens = 15 }) { PricedCost = new NanoUsd(7), PricedRequests = 1 },
            Assert.Single(taken.Hours).ToTotals());
        Assert.Null(_sums.Take(Key));
        Assert.Equal(1, Take(OtherKey).LastSequence);
    }

    [Fact]
    public void Take_ThenMore_BeginsAfterWhatWasTaken()
    {
        Add(Entry(Key, 1), Entry(Key, 2));
        _sums.Take(Key);
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
        Add(Entry(Key, 1, model: "lost"), Entry(Key, 2));
        Add(Entry(Key, sequence), Entry(Key, sequence + 1));

        var taken = Take(Key);

        Assert.Equal((sequence - 1, sequence + 1), (taken.AfterSequence, taken.LastSequence));
        Assert.Equal(2, Assert.Single(taken.Hours).Requests);
    }

    [Fact]
    public void Add_MoreSumsThanAreKept_LeavesThatKeyOut()
    {
        Add([.. Enumerable.Range(1, UnrolledSums.SumsMax - 1).Select(one => Entry(Key, one, model: $"m{one}"))]);
        Add(Entry(OtherKey, 1));
        Add(Entry("key_cccccccccccccccc", 1), Entry(Key, UnrolledSums.SumsMax, model: "m1"));

        Assert.Null(_sums.Take("key_cccccccccccccccc"));
        Add(Entry(Key, UnrolledSums.SumsMax + 1, model: "one too many"));
        Assert.Null(_sums.Take(Key));
        Assert.Single(Take(OtherKey).Hours);

        // There is room again.
        Add([.. Enumerable.Range(1, UnrolledSums.SumsMax).Select(one => Entry(OtherKey, one, model: $"m{one}"))]);
        Assert.Equal(UnrolledSums.SumsMax, Take(OtherKey).Hours.Count);
    }

    [Fact]
    public void Take_AnyEntries_AreSummedByHourAndWhoAndWhat()
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

            foreach (var key in new[] { Key, OtherKey })
            {
                var ofKey = entries.Where(entry => string.Equals(entry.KeyId, key, StringComparison.Ordinal)).ToList();
                var expected = ofKey
                    .GroupBy(entry => (entry.ReservedAt / 3_600_000, entry.User, entry.Team, entry.Model, entry.Endpoint))
                    .ToDictionary(group => group.Key, group => group.Aggregate(default(UsageTotals), (sum, entry) => sum + entry.ToEntry().Totals));
                var taken = sums.Take(key);
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

    private UnrolledUsage Take(string keyId)
    {
        var taken = _sums.Take(keyId);
        Assert.NotNull(taken);
        return taken;
    }
}
