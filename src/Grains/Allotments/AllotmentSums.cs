namespace Relay.Grains.Allotments;

/// <summary>What is known of a limit in a window, over all keys.</summary>
/// <param name="Allotted">The sum of their ceilings.</param>
/// <param name="WouldRefuse">How many calls a limit that only observes would have refused.</param>
public readonly record struct AllotmentSums(long Allotted, long WouldRefuse);
