namespace Relay.Grains.Usage;

/// <summary>A sum over calls.</summary>
/// <param name="Requests">The number of calls.</param>
/// <param name="Tokens">Their tokens.</param>
[GenerateSerializer, Immutable, Alias("Relay.UsageTotals")]
public readonly record struct UsageTotals([property: Id(0)] long Requests, [property: Id(1)] TokenUsage Tokens)
{
    /// <summary>Adds two sums.</summary>
    public static UsageTotals operator +(UsageTotals left, UsageTotals right) =>
        new(left.Requests + right.Requests, left.Tokens + right.Tokens);

    /// <summary>Subtracts a sum.</summary>
    public static UsageTotals operator -(UsageTotals left, UsageTotals right) =>
        new(left.Requests - right.Requests, left.Tokens - right.Tokens);
}
