using Relay.Grains.Usage;

namespace Relay.Grains.Models;

/// <summary>
/// What a model costs from an instant on. All prices are whole billionths of a US dollar for a million units, so that a cost is an
/// exact sum that is rounded once.
/// </summary>
internal sealed record ModelPrice
{
    /// <summary>The most that one call is booked with: 10,000 dollars. None comes near it, and sums of such costs stay in a long's range.</summary>
    public static readonly NanoUsd CostMax = new(10_000_000_000_000);

    private const long Million = 1_000_000;

    /// <summary>From when on.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Input tokens that are of no other class.</summary>
    public long Input { get; init; }

    /// <summary>Input tokens from the upstream's cache; null for <see cref="Input"/>.</summary>
    public long? CachedInput { get; init; }

    /// <summary>Input tokens that were written to the upstream's cache; null for <see cref="Input"/>.</summary>
    public long? CacheWriteInput { get; init; }

    /// <summary>Input tokens that were audio; null for <see cref="Input"/>.</summary>
    public long? AudioInput { get; init; }

    /// <summary>Output tokens that are of no other class.</summary>
    public long Output { get; init; }

    /// <summary>Output tokens spent on reasoning; null for <see cref="Output"/>.</summary>
    public long? Reasoning { get; init; }

    /// <summary>Output tokens that were audio; null for <see cref="Output"/>.</summary>
    public long? AudioOutput { get; init; }

    /// <summary>Calls.</summary>
    public long PerCall { get; init; }

    /// <summary>Images.</summary>
    public long PerImage { get; init; }

    /// <summary>Seconds of audio.</summary>
    public long PerSecond { get; init; }

    /// <summary>Characters that are spoken.</summary>
    public long PerCharacter { get; init; }

    /// <summary>What a call costs: the exact sum, rounded half up to a billionth of a dollar, at most <see cref="CostMax"/>.</summary>
    public NanoUsd CostOf(in Quantities quantities)
    {
        var tokens = quantities.Tokens;

        // A class is a part of its sum; where parts overlap, or exceed it, no token is charged twice.
        var input = tokens.InputTokens;
        var cost = Charge(ref input, tokens.CachedInputTokens, CachedInput ?? Input)
            + Charge(ref input, tokens.CacheWriteInputTokens, CacheWriteInput ?? Input)
            + Charge(ref input, tokens.AudioInputTokens, AudioInput ?? Input)
            + Charge(ref input, input, Input);
        var output = tokens.OutputTokens;
        cost += Charge(ref output, tokens.AudioOutputTokens, AudioOutput ?? Output)
            + Charge(ref output, tokens.ReasoningTokens, Reasoning ?? Output)
            + Charge(ref output, output, Output);
        cost += ((Int128)quantities.Calls * PerCall)
            + ((Int128)quantities.Images * PerImage)
            + ((Int128)quantities.Characters * PerCharacter);

        // In parts of a thousandth more, since audio is told in milliseconds.
        var exact = (cost * 1_000) + ((Int128)quantities.Milliseconds * PerSecond);
        return ToNanoUsd((exact + (Million * 500)) / 1_000);
    }

    /// <summary>The most that a call with so many tokens can cost, whatever their classes turn out to be; rounded up.</summary>
    public NanoUsd WorstCostOf(long inputTokens, long outputTokens) =>
        ToNanoUsd(WorstInput(inputTokens) + ((Int128)outputTokens * WorstOutput) + (Million - 1));

    /// <summary>How many output tokens of the dearest class a call with so much input can surely pay for; negative when not even its input.</summary>
    public long OutputTokensFor(long nanoUsd, long inputTokens)
    {
        var left = ((Int128)nanoUsd * Million) - WorstInput(inputTokens);
        return left < 0 ? -1
            : WorstOutput == 0 ? long.MaxValue
            : (long)Int128.Min(left / WorstOutput, long.MaxValue);
    }

    private long WorstOutput => Math.Max(Output, Math.Max(Reasoning ?? 0, AudioOutput ?? 0));

    private Int128 WorstInput(long tokens)
    {
        var dearest = Math.Max(Math.Max(Input, CachedInput ?? 0), Math.Max(CacheWriteInput ?? 0, AudioInput ?? 0));
        return ((Int128)tokens * dearest) + PerCall;
    }

    private static Int128 Charge(ref long left, long tokens, long price)
    {
        var charged = Math.Min(left, tokens);
        left -= charged;
        return (Int128)charged * price;
    }

    private static NanoUsd ToNanoUsd(Int128 millionths) => new((long)Int128.Min(millionths / Million, CostMax.Value));
}
