using Relay.Grains.Admission;

namespace Relay.Grains.Quotas;

/// <summary>The answer of a <see cref="QuotaBook"/> to a reserve: a hold, a refusal, or else <see cref="Shortages"/>.</summary>
/// <param name="Hold">The hold that was made or was there already.</param>
/// <param name="Refusal">Why nothing is held.</param>
internal readonly record struct Reservation(Hold? Hold, Refusal? Refusal)
{
    /// <summary>The limits that only observe, and would have refused a call that is held now.</summary>
    public ImmutableArray<LimitUsage> Observed { get; init; } = [];

    /// <summary>The limits above the key of which too little is allotted to it: then there is neither a hold nor a refusal yet.</summary>
    public ImmutableArray<RoomShortage> Shortages { get; init; } = [];

    /// <summary>The limits above the key of which more should be allotted before the next call comes.</summary>
    public ImmutableArray<RoomShortage> RunningOut { get; init; } = [];
}
