namespace Relay.Grains.Keys;

/// <summary>What a caller's secret opens.</summary>
/// <param name="Status"><see cref="KeyStatus.Active"/>, or why the caller is refused.</param>
/// <param name="Models">The key's model patterns; empty allows all.</param>
[GenerateSerializer, Immutable, Alias("Relay.KeyAccess")]
public sealed record KeyAccess([property: Id(0)] KeyStatus Status, [property: Id(1)] ImmutableArray<string> Models);
