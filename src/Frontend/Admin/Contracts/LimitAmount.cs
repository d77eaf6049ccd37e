using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>Amounts of limits as the admin API has them: in whole numbers, but money in US dollars.</summary>
internal static class LimitAmount
{
    private const decimal WholeMax = 1_000_000_000_000_000;
    private const decimal UsdMax = 1_000_000_000;

    /// <summary>As the admin API shows it.</summary>
    public static decimal Of(Metric metric, long amount) => metric == Metric.Cost ? new NanoUsd(amount).ToUsd() : amount;

    /// <summary>As a limit has it; null for what no limit can have.</summary>
    public static long? Parse(Metric metric, decimal amount) =>
        metric == Metric.Cost ? amount is >= 0 and <= UsdMax ? NanoUsd.FromUsd(amount)?.Value : null
        : amount is >= 0 and <= WholeMax && amount == decimal.Truncate(amount) ? (long)amount
        : null;
}
