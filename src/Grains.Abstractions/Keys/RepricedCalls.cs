using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>What one <see cref="Repricing"/> has done. All of it is in the ledger.</summary>
/// <param name="LastSequence">Up to where calls were looked at; the next one goes on from here.</param>
/// <param name="HasMore">Whether there may be more after it.</param>
/// <param name="Calls">How many calls were looked at.</param>
/// <param name="Corrections">How many of them cost something else than was booked.</param>
/// <param name="Difference">By how much all of them together cost more.</param>
[GenerateSerializer, Immutable, Alias("Relay.RepricedCalls")]
public sealed record RepricedCalls(
    [property: Id(0)] long LastSequence,
    [property: Id(1)] bool HasMore,
    [property: Id(2)] int Calls,
    [property: Id(3)] int Corrections,
    [property: Id(4)] NanoUsd Difference);
