namespace Relay.Grains.Usage;

/// <summary>A sum over calls.</summary>
/// <param name="Requests">The number of calls.</param>
/// <param name="Tokens">Their tokens.</param>
[GenerateSerializer, Immutable, Alias("Relay.UsageTotals")]
public readonly record struct UsageTotals([property: Id(0)] long Requests, [property: Id(1)] TokenUsage Tokens)
{
    /// <summary>What those of the calls cost that have a price.</summary>
    [Id(2)] public NanoUsd PricedCost { get; init; }

    /// <summary>How many of the calls have a price. The others' cost is not known.</summary>
    [Id(3)] public long PricedRequests { get; init; }

    /// <summary>The cost of all that is priced; null while nothing is.</summary>
    public NanoUsd? Cost => PricedRequests == 0 && PricedCost == default ? null : PricedCost;

    /// <summary>Adds two sums.</summary>
    public static UsageTotals operator +(UsageTotals left, UsageTotals right) => new(left.Requests + right.Requests, left.Tokens + right.Tokens)
    {
        PricedCost = left.PricedCost + right.PricedCost,
        PricedRequests = left.PricedRequests + right.PricedRequests,
    };

    /// <summary>Subtracts a sum.</summary>
    public static UsageTotals operator -(UsageTotals left, UsageTotals right) => new(left.Requests - right.Requests, left.Tokens - right.Tokens)
    {
        PricedCost = left.PricedCost - right.PricedCost,
        PricedRequests = left.PricedRequests - right.PricedRequests,
    };
}
