using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>A key's counts, from its grain's memory: what was committed to the ledger, and what is held.</summary>
/// <param name="Totals">All calls ever.</param>
/// <param name="ByModel">The same by requested model, ordered by name.</param>
/// <param name="Limits">The state of each of the key's limits, in the order of the settings.</param>
[GenerateSerializer, Immutable, Alias("Relay.KeyUsage")]
public sealed record KeyUsage(
    [property: Id(0)] UsageTotals Totals,
    [property: Id(1)] ImmutableArray<ModelTotals> ByModel,
    [property: Id(2)] ImmutableArray<LimitUsage> Limits);
