using Relay.Grains.Allotments;

namespace Relay.Grains.Quotas;

/// <summary>What one key asks, or tells, of one limit above it.</summary>
public sealed record RoomAsk
{
    /// <summary>The limit.</summary>
    public required LimitKey Limit { get; init; }

    /// <summary>The limit's amount, as the key's silo knows it.</summary>
    public required long Amount { get; init; }

    /// <summary>The window.</summary>
    public required WindowBounds Window { get; init; }

    /// <summary>What the ledger has of the key's calls in the window.</summary>
    public required long Used { get; init; }

    /// <summary>What its calls in flight hold, and what is on its way to the ledger.</summary>
    public required long Held { get; init; }

    /// <summary>What calls that wait need beyond that.</summary>
    public long Needed { get; init; }

    /// <summary>What to have beyond that, if there is plenty.</summary>
    public long Wanted { get; init; }

    /// <summary>Up to where the key wants to keep what it has; null for all of it.</summary>
    public long? KeepsUpTo { get; init; }

    /// <summary>How many calls a limit that only observes would have refused since this was last told.</summary>
    public long WouldRefuse { get; init; }

    /// <summary>Whether <see cref="Amount"/> is known: a key that only gives back has not looked.</summary>
    public bool KnowsAmount { get; init; } = true;

    /// <summary>When the window ends, as rows and <see cref="AllottedRoom"/> have it.</summary>
    public DateTimeOffset WindowEnd => Window.End ?? DateTimeOffset.MaxValue;
}
