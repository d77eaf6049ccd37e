namespace Relay.Grains.Usage;

/// <summary>A sum over the calls of one requested model.</summary>
/// <param name="Model">The requested model.</param>
/// <param name="Totals">The sum.</param>
[GenerateSerializer, Immutable, Alias("Relay.ModelTotals")]
public sealed record ModelTotals([property: Id(0)] string Model, [property: Id(1)] UsageTotals Totals);
