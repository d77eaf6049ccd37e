using Relay.Grains.Usage;

namespace Relay.Grains.Admission;

/// <summary>Says that a call is still running. It tells enough for an activation that does not know the hold to rebuild it.</summary>
/// <param name="Hold">The call, as it was reserved.</param>
/// <param name="UsageSoFar">What the call has used until now: what is booked if its frontend dies.</param>
[GenerateSerializer, Immutable, Alias("Relay.HoldRenewal")]
public sealed record HoldRenewal([property: Id(0)] CallFacts Hold, [property: Id(1)] TokenUsage UsageSoFar);
