namespace Relay.Grains.Usage;

/// <summary>What a verification of some keys found.</summary>
/// <param name="Keys">How many keys were compared.</param>
/// <param name="Entries">How many entries of the ledger were read for it.</param>
/// <param name="Differences">What differs, by key in the order asked.</param>
[GenerateSerializer, Immutable, Alias("Relay.UsageVerification")]
public sealed record UsageVerification(
    [property: Id(0)] int Keys, [property: Id(1)] long Entries, [property: Id(2)] ImmutableArray<UsageDifference> Differences);
