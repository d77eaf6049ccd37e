using Relay.Grains.Admission;

namespace Relay.Grains.Ownership;

/// <summary>The outcome of a claim.</summary>
/// <param name="Claim">The new claim.</param>
/// <param name="Previous">What became of the owner before.</param>
/// <param name="Holds">The holds that it handed over; empty unless <paramref name="Previous"/> is <see cref="PreviousOwner.HandedOver"/>.</param>
public sealed record ClaimedKey(KeyClaim Claim, PreviousOwner Previous, ImmutableArray<HoldRenewal> Holds);
