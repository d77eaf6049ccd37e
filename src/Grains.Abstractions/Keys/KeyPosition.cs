using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>What a key's grain believes the ledger to hold: all values of one moment, so that they can be compared with it.</summary>
/// <param name="Sequence">The newest sequence that is counted in; 0 for none.</param>
/// <param name="Totals">The sum of all the key's entries up to that sequence.</param>
[GenerateSerializer, Immutable, Alias("Relay.KeyPosition")]
public sealed record KeyPosition([property: Id(0)] long Sequence, [property: Id(1)] UsageTotals Totals)
{
    /// <summary>Each kind of window, in the same way; empty where nobody asked for them.</summary>
    [Id(2)] public ImmutableArray<WindowUsage> Windows { get; init; } = [];
}
