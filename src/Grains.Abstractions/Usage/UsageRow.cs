namespace Relay.Grains.Usage;

/// <summary>One line of a usage report.</summary>
/// <param name="Group">The value of the report's <see cref="UsageQuery.GroupBy"/>; null for calls that have none (no team).</param>
/// <param name="Totals">The sum.</param>
[GenerateSerializer, Immutable, Alias("Relay.UsageRow")]
public sealed record UsageRow([property: Id(0)] string? Group, [property: Id(1)] UsageTotals Totals);
