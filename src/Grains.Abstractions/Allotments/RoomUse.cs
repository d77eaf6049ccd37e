namespace Relay.Grains.Allotments;

/// <summary>What one key uses of a limit above it.</summary>
/// <param name="Used">What the ledger has of its calls in the window, in the limit's unit; 0 for concurrency.</param>
/// <param name="Held">What its calls in flight hold, and what is on its way to the ledger.</param>
[GenerateSerializer, Immutable, Alias("Relay.RoomUse")]
public readonly record struct RoomUse([property: Id(0)] long Used, [property: Id(1)] long Held);
