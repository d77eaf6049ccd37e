namespace Relay.Grains.Usage;

/// <summary>One thing that a verification found.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="Kind">What was compared.</param>
/// <param name="Expected">What follows from the ledger.</param>
/// <param name="Actual">What is there instead.</param>
/// <param name="Repaired">Whether it is put right now; null when that was not asked for, or cannot be.</param>
[GenerateSerializer, Immutable, Alias("Relay.UsageDifference")]
public sealed record UsageDifference(
    [property: Id(0)] string KeyId,
    [property: Id(1)] DifferenceKind Kind,
    [property: Id(2)] ComparedUsage Expected,
    [property: Id(3)] ComparedUsage Actual,
    [property: Id(4)] bool? Repaired = null);
