namespace Relay.Frontend.Metering;

/// <summary>Turns an amount of text into tokens without a tokenizer, which costs too much on a call's path.</summary>
internal static class TokenEstimator
{
    /// <summary>What to reserve for text of that many UTF-8 bytes: a third, rounded up, which most text stays under.</summary>
    public static long BoundFromTextBytes(long utf8Bytes) => DivideUp(utf8Bytes, 3);

    /// <summary>What to count for text of that many UTF-8 bytes: a quarter, rounded up, close to the truth for English.</summary>
    public static long CountFromTextBytes(long utf8Bytes) => DivideUp(utf8Bytes, 4);

    private static long DivideUp(long dividend, long divisor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dividend);
        return dividend == 0 ? 0 : ((dividend - 1) / divisor) + 1;
    }
}
