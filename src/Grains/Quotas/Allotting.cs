namespace Relay.Grains.Quotas;

/// <summary>
/// How much of a limit a key gets. The sum of all keys' ceilings passes the amount only where calls have used more than was held for them, and where
/// the amount was lowered: what is granted never does.
/// </summary>
public static class Allotting
{
    // So small a part of what is left goes to calls that nobody has made yet, that many keys find room before anything must be taken back.
    private const int SpareShare = 8;

    // While there is plenty, nobody need ask often: ten thousand keys with such a part each have a seventh of it, a hundred thousand some four fifths,
    // which is taken back when it is missed.
    private const int PlentyShare = 65_536;

    /// <summary>The new ceiling of a key.</summary>
    /// <param name="ask">What the key asks.</param>
    /// <param name="allotted">The sum of all ceilings of the limit in the window.</param>
    /// <param name="ceiling">The key's own among them.</param>
    public static long Decide(RoomAsk ask, long allotted, long ceiling)
    {
        // What is used or held is the key's, whatever was granted.
        var least = ask.Used + ask.Held;
        var kept = Math.Max(ask.KeepsUpTo is { } level ? Math.Min(ceiling, level) : ceiling, least);
        var left = ask.Amount - (allotted - ceiling + kept);
        var needed = Math.Max(least + ask.Needed - kept, 0);
        if (needed > left)
        {
            // One that only observes refuses nothing, and once it is passed nothing need be spared.
            return ask.Limit.Enforcement == Enforcement.Observe ? kept + needed + ask.Wanted : kept + Math.Max(left, 0);
        }

        var wanted = ask.Wanted > 0 ? Math.Max(ask.Wanted, (left - needed) / PlentyShare) : 0;
        var spare = Math.Max(least + ask.Needed + wanted - (kept + needed), 0);
        return kept + needed + Math.Min(spare, (left - needed) / SpareShare);
    }
}
