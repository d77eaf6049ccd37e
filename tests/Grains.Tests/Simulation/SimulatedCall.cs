using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Simulation;

/// <summary>What a frontend knows of one call, and so what the ledger must say of it in the end.</summary>
internal sealed class SimulatedCall(int number)
{
    public int Number { get; } = number;

    /// <summary>What the upstream bills; null when the call was never sent.</summary>
    public TokenUsage? Bill { get; set; }

    /// <summary>Whether a settle was acknowledged.</summary>
    public bool IsAcknowledged { get; set; }

    /// <summary>The activations that its reserves and renewals have reached.</summary>
    public HashSet<SimulatedActivation> HeldBy { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The activations that have acknowledged its release, and when they got it.</summary>
    public Dictionary<SimulatedActivation, TimeSpan> ReleasedBy { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether a message came so late that the release may be forgotten: no message of a real frontend is that late.</summary>
    public bool IsTooLate { get; private set; }

    /// <summary>Whether nothing may be counted of it: whoever was ever told of it knows that it was never sent.</summary>
    public bool IsReleased => ReleasedBy.Count > 0 && !IsTooLate && HeldBy.All(ReleasedBy.ContainsKey);

    /// <summary>Notes that a reserve or a renewal has reached an activation.</summary>
    public void Reach(SimulatedActivation activation, TimeSpan now)
    {
        HeldBy.Add(activation);
        IsTooLate |= ReleasedBy.TryGetValue(activation, out var released) && now - released >= Calls.HoldTimeout;
    }

    /// <summary>What an expiry may count.</summary>
    public List<TokenUsage> Told { get; } = [Calls.Tokens(10, 0)];
}
