namespace Relay.Grains.Quotas;

/// <summary>How many output tokens to hold for a call, and to how many to cap it.</summary>
/// <param name="Declared">The most of one choice that the client has declared; null for none.</param>
/// <param name="Expected">The key's recent average of a choice; null when nothing is known.</param>
/// <param name="Choices">How many outputs the call asks for, 1 or more.</param>
internal readonly record struct OutputEstimate(long? Declared, long? Expected, int Choices)
{
    // A client may declare any cap. No call comes near this, and a key's holds together stay far below a long's range.
    private const long TokensMax = 1_000_000_000_000;

    /// <summary>
    /// Decides by the room that the soft and the hard limits have, null for none of them.
    /// 1. Without a hard limit, what was declared is held, or else the average, or else a guess that fits.
    /// 2. Under a hard one, what is held is a cap, so that the output cannot pass it: what was declared, or else as much as a
    /// model may put out, as far as there is room. A soft limit is asked for the same as in 1, or for all that it has.
    /// </summary>
    public (long Held, long? Cap) Decide(long? softRoom, long? hardRoom)
    {
        var soft = PerChoice(softRoom);
        if (PerChoice(hardRoom) is not { } hard)
        {
            // 1.
            return (Total(Declared ?? Expected ?? Guess(soft)), null);
        }

        // 2. Where not even one token fits, the limit refuses the call.
        var asked = Declared
            ?? Math.Max(Math.Min(soft ?? long.MaxValue, QuotaBook.OutputTokensUncapped), Expected ?? Guess(soft));
        var capped = Math.Min(asked, Math.Max(hard, 1));
        return (Total(capped), Declared is { } declared && declared <= capped ? null : capped);
    }

    /// <summary>Unlike a cap or an average, a guess may be shrunk to what there is room for; but some output must fit.</summary>
    private static long Guess(long? room) => Math.Max(Math.Min(QuotaBook.OutputTokensDefault, room ?? long.MaxValue), 1);

    private long? PerChoice(long? room) => room / Choices;

    private long Total(long perChoice) => (long)Int128.Clamp((Int128)perChoice * Choices, 0, TokensMax);
}
