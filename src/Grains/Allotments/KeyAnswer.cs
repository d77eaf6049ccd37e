using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>What became of a <see cref="KeyAsk"/>. Unless all of it was done, nothing was.</summary>
public sealed record KeyAnswer
{
    /// <summary>The answers in the order of the asks; empty when nothing was done.</summary>
    public ImmutableArray<RoomAnswer> Rooms { get; init; } = [];

    /// <summary>The limits of which a share was used up just now, and has not been told of in this window.</summary>
    public ImmutableArray<LimitWarning> Warnings { get; init; } = [];

    /// <summary>Whether the key has another owner by now.</summary>
    public bool IsClaimLost { get; init; }

    /// <summary>The windows that must be opened first; the same ask may come again then.</summary>
    public ImmutableArray<RoomAsk> NotOpen { get; init; } = [];
}
