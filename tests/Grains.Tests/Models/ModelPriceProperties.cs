using System.Numerics;
using CsCheck;
using Relay.Grains.Models;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Models;

public sealed class ModelPriceProperties
{
    private static readonly Gen<long> Rate = Gen.OneOf(Gen.Const(0L), Gen.Long[0, 100], Gen.Long[0, 1_000_000_000_000]);
    private static readonly Gen<long?> RateOrNone = Rate.Nullable();
    private static readonly Gen<long> Count = Gen.OneOf(Gen.Long[0, 10], Gen.Long[0, 1_000_000]);

    private static readonly Gen<ModelPrice> AnyPrice =
        from input in Rate
        from output in Rate
        from cached in RateOrNone
        from written in RateOrNone
        from audioIn in RateOrNone
        from reasoning in RateOrNone
        from audioOut in RateOrNone
        from call in Rate
        select new ModelPrice
        {
            From = DateTimeOffset.MinValue,
            Input = input,
            Output = output,
            CachedInput = cached,
            CacheWriteInput = written,
            AudioInput = audioIn,
            Reasoning = reasoning,
            AudioOutput = audioOut,
            PerCall = call,
        };

    private static readonly Gen<TokenUsage> AnyUsage =
        from counts in Count.Array[7]
        select new TokenUsage
        {
            InputTokens = counts[0],
            CachedInputTokens = counts[1],
            CacheWriteInputTokens = counts[2],
            AudioInputTokens = counts[3],
            OutputTokens = counts[4],
            ReasoningTokens = counts[5],
            AudioOutputTokens = counts[6],
        };

    [Fact]
    public void CostOf_PartsWithinTheirSum_IsTheExactSumRoundedHalfUp() => Gen.Select(AnyPrice, AnyUsage, Gen.Long[0, 3]).Sample((price, parts, calls) =>
    {
        // Whole sums of disjoint parts.
        var usage = parts with
        {
            InputTokens = parts.InputTokens + parts.CachedInputTokens + parts.CacheWriteInputTokens + parts.AudioInputTokens,
            OutputTokens = parts.OutputTokens + parts.ReasoningTokens + parts.AudioOutputTokens,
        };
        BigInteger exact = ((BigInteger)parts.InputTokens * price.Input)
            + ((BigInteger)parts.CachedInputTokens * (price.CachedInput ?? price.Input))
            + ((BigInteger)parts.CacheWriteInputTokens * (price.CacheWriteInput ?? price.Input))
            + ((BigInteger)parts.AudioInputTokens * (price.AudioInput ?? price.Input))
            + ((BigInteger)parts.OutputTokens * price.Output)
            + ((BigInteger)parts.ReasoningTokens * (price.Reasoning ?? price.Output))
            + ((BigInteger)parts.AudioOutputTokens * (price.AudioOutput ?? price.Output))
            + ((BigInteger)calls * price.PerCall);
        var expected = BigInteger.Min(BigInteger.Divide((exact * 2) + 1_000_000, 2_000_000), ModelPrice.CostMax.Value);

        Assert.Equal(expected, price.CostOf(new Quantities(usage) { Calls = calls }).Value);
    });

    [Fact]
    public void WorstCostOf_AnyClassesOfTheTokens_IsNeverLess() => Gen.Select(AnyPrice, AnyUsage).Sample((price, usage) =>
        Assert.True(price.WorstCostOf(usage.InputTokens, usage.OutputTokens).Value >= price.CostOf(new Quantities(usage) { Calls = 1 }).Value));

    [Fact]
    public void OutputTokensFor_ARoom_IsAllThatSurelyFits() => Gen.Select(AnyPrice, Count, Gen.Long[0, 5_000_000_000]).Sample((price, input, room) =>
    {
        var output = price.OutputTokensFor(room, input);
        if (output < 0)
        {
            Assert.True(price.WorstCostOf(input, 0).Value > room);
        }
        else if (output < long.MaxValue)
        {
            Assert.True(price.WorstCostOf(input, output).Value <= room);
            Assert.True(price.WorstCostOf(input, output + 1).Value > room);
        }
    });

    [Theory]
    [InlineData(499_999, 0)]
    [InlineData(500_000, 1)]
    [InlineData(1_499_999, 1)]
    [InlineData(1_500_000, 2)]
    public void CostOf_Fractions_AreRoundedHalfUpOnce(long input, long expected) => Assert.Equal(
        new NanoUsd(expected),
        new ModelPrice { From = default, Input = input }.CostOf(new Quantities(new TokenUsage { InputTokens = 1 })));

    [Fact]
    public void CostOf_PartsBeyondTheirSum_ChargesNoTokenTwice()
    {
        var price = Prices.Price(10, 20) with { CachedInput = 1_000_000, AudioInput = 100_000_000, Reasoning = 30_000_000 };

        var cost = price.CostOf(new Quantities(new TokenUsage
        {
            InputTokens = 5,
            CachedInputTokens = 4,
            AudioInputTokens = 4,
            OutputTokens = 2,
            ReasoningTokens = 9,
        }));

        Assert.Equal(new NanoUsd(4 + 100 + 60), cost);
    }

    [Fact]
    public void CostOf_OtherUnits_AreChargedByEach()
    {
        var price = new ModelPrice { From = default, PerCall = 7_000_000, PerImage = 11_000_000, PerSecond = 100_000, PerCharacter = 15_000_000 };

        var cost = price.CostOf(new Quantities(default) { Calls = 2, Images = 3, Milliseconds = 61_500, Characters = 4 });

        // 61.5 seconds at a tenth of a billionth each are 6.15.
        Assert.Equal(new NanoUsd(14 + 33 + 6 + 60), cost);
    }
}
