namespace Relay.Grains.Quotas;

/// <summary>What one key has been allotted of one limit above it, in one window.</summary>
/// <param name="windowEnd">When the window ends; <see cref="DateTimeOffset.MaxValue"/> for never.</param>
/// <param name="step">How much to have beside what running calls need, to begin with.</param>
internal sealed class AllottedRoom(DateTimeOffset windowEnd, long step)
{
    // Sums of it over many keys stay far below a long's range.
    private const long StepMax = 100_000_000_000_000;

    private const int CallsAtFirst = 16;

    private static readonly TimeSpan TooSoon = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TooLate = TimeSpan.FromMinutes(10);

    private TimeSpan _grantedAt;

    /// <summary>When the window ends.</summary>
    public DateTimeOffset WindowEnd => windowEnd;

    /// <summary>Up to where the key may use and hold, in the limit's unit: never more than the database has.</summary>
    public long Ceiling { get; private set; }

    /// <summary>What of the limit was allotted to nobody when this was last heard of.</summary>
    public long Unallotted { get; private set; }

    /// <summary>Whether a limit that only observes had been passed by then.</summary>
    public bool IsPassed { get; private set; }

    /// <summary>How much to have beside what running calls need. It grows while it lasts for less than a minute, and shrinks when it lasts for many.</summary>
    public long Step { get; private set; } = step;

    /// <summary>Whether the database was asked in this window.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>What the database was told that the key has used.</summary>
    public long UsedTold { get; private set; }

    /// <summary>Calls that a limit which only observes would have refused, and that were told to nobody yet.</summary>
    public long WouldRefuse { get; set; }

    /// <summary>Takes them, to tell of them.</summary>
    public long TakeWouldRefuse()
    {
        var calls = WouldRefuse;
        WouldRefuse = 0;
        return calls;
    }

    /// <summary>Begins with a step for some calls like that one.</summary>
    public void BeginStep(long needed) => Step = Math.Max(Step, Math.Min(needed, StepMax / CallsAtFirst) * CallsAtFirst);

    /// <summary>Takes in what the database has now.</summary>
    public void Take(RoomAsk ask, RoomAnswer answer, TimeSpan now)
    {
        UsedTold = ask.Used;
        if (answer.Ceiling > Ceiling)
        {
            var lasted = now - _grantedAt;
            Step = lasted < TooSoon ? Math.Min(Step * 4, StepMax)
                : lasted > TooLate ? Math.Max(Step / 2, 1)
                : Step;
            _grantedAt = now;
        }

        IsKnown = true;
        Ceiling = answer.Ceiling;
        Unallotted = answer.Unallotted;
        IsPassed = answer.IsPassed;
    }

    /// <summary>Remembers what the database was told.</summary>
    public void TakeTold(long used) => UsedTold = used;

    /// <summary>Gives up all above a level, at once: whatever the database is told later, no call can use it any more.</summary>
    public void LowerTo(long level) => Ceiling = Math.Min(Ceiling, level);
}
