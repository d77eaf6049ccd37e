namespace Relay.Grains.Usage;

/// <summary>One thing that a verification found.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="Kind">What was compared.</param>
/// <param name="Expected">What follows from the ledger.</param>
/// <param name="Actual">What is there instead.</param>
/// <param name="Repaired">Whether it is put right now, as a second look has shown; null when that was not asked for, or cannot be.</param>
/// <param name="Error">Of which type the failure was that ended the comparison, without its text; else null.</param>
[GenerateSerializer, Immutable, Alias("Relay.UsageDifference")]
public sealed record UsageDifference(
    [property: Id(0)] string KeyId,
    [property: Id(1)] DifferenceKind Kind,
    [property: Id(2)] ComparedUsage Expected,
    [property: Id(3)] ComparedUsage Actual,
    [property: Id(4)] bool? Repaired = null,
    [property: Id(5)] string? Error = null);
