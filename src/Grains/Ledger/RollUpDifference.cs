using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>An hourly sum that is not the sum of its entries.</summary>
/// <param name="Hour">The start of the hour; null for a model's sum over all hours of which entries were dropped, which only tell together.</param>
/// <param name="Expected">The sum of the entries.</param>
/// <param name="Actual">The hourly sum; zero when there is none.</param>
public sealed record RollUpDifference(DateTimeOffset? Hour, UsageTotals Expected, UsageTotals Actual);
