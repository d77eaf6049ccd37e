using Relay.Grains.Admission;

namespace Relay.Grains.Quotas;

/// <summary>The answer of a <see cref="QuotaBook"/> to a reserve: exactly one of both is there.</summary>
/// <param name="Hold">The hold that was made or was there already.</param>
/// <param name="Refusal">Why nothing is held.</param>
internal readonly record struct Reservation(Hold? Hold, Refusal? Refusal)
{
    /// <summary>The limits that only observe, and would have refused a call that is held now.</summary>
    public ImmutableArray<LimitUsage> Observed { get; init; } = [];
}
