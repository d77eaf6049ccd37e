using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>What a key's grain has counted in one window.</summary>
/// <param name="Window">Which kind.</param>
/// <param name="Start">Its first instant; the earliest there is for <see cref="Window.Total"/>.</param>
/// <param name="End">The first instant after it; null for never.</param>
/// <param name="ByModel">Its sums by requested model.</param>
[GenerateSerializer, Immutable, Alias("Relay.WindowUsage")]
public sealed record WindowUsage(
    [property: Id(0)] Window Window,
    [property: Id(1)] DateTimeOffset Start,
    [property: Id(2)] DateTimeOffset? End,
    [property: Id(3)] ImmutableArray<ModelTotals> ByModel);
