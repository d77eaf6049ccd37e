namespace Relay.Grains.Allotments;

/// <summary>What a recall found.</summary>
/// <param name="Used">What all keys have used in the window, in the limit's unit.</param>
/// <param name="Held">What their calls in flight hold.</param>
/// <param name="Silent">What is still allotted, beyond what they had used when they last told, to keys that did not answer.</param>
[GenerateSerializer, Immutable, Alias("Relay.RecalledRoom")]
public sealed record RecalledRoom([property: Id(0)] long Used, [property: Id(1)] long Held, [property: Id(2)] long Silent);
