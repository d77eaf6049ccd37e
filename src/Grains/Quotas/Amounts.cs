using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>What a call takes of the limits that are sums.</summary>
/// <param name="Requests">Calls.</param>
/// <param name="InputTokens">Input tokens.</param>
/// <param name="OutputTokens">Output tokens.</param>
/// <param name="CostNanoUsd">Billionths of a US dollar.</param>
internal readonly record struct Amounts(long Requests, long InputTokens, long OutputTokens, long CostNanoUsd)
{
    /// <summary>What a sum over calls has taken.</summary>
    public static Amounts Of(UsageTotals totals) =>
        new(totals.Requests, totals.Tokens.InputTokens, totals.Tokens.OutputTokens, totals.PricedCost.Value);

    /// <summary>The share of one metric; a call takes one of <see cref="Metric.Concurrency"/>.</summary>
    public long Of(Metric metric) => metric switch
    {
        Metric.Requests => Requests,
        Metric.Tokens => InputTokens + OutputTokens,
        Metric.InputTokens => InputTokens,
        Metric.OutputTokens => OutputTokens,
        Metric.Concurrency => 1,
        Metric.Cost => CostNanoUsd,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "There is no such metric."),
    };

    /// <summary>The same without what is negative: a correction frees nothing before it is committed.</summary>
    public Amounts AtLeastZero() => new(
        Math.Max(Requests, 0), Math.Max(InputTokens, 0), Math.Max(OutputTokens, 0), Math.Max(CostNanoUsd, 0));

    public static Amounts operator +(Amounts left, Amounts right) => new(
        left.Requests + right.Requests,
        left.InputTokens + right.InputTokens,
        left.OutputTokens + right.OutputTokens,
        left.CostNanoUsd + right.CostNanoUsd);

    public static Amounts operator -(Amounts amounts) => default(Amounts) - amounts;

    public static Amounts operator -(Amounts left, Amounts right) => new(
        left.Requests - right.Requests,
        left.InputTokens - right.InputTokens,
        left.OutputTokens - right.OutputTokens,
        left.CostNanoUsd - right.CostNanoUsd);
}
