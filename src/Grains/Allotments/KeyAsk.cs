using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>All that one key asks at a time.</summary>
/// <param name="Owner">The claim of the activation that asks: only the key's owner may change what the key has.</param>
/// <param name="Rooms">What it asks, of each limit once.</param>
public sealed record KeyAsk(KeyClaim Owner, IReadOnlyList<RoomAsk> Rooms);
