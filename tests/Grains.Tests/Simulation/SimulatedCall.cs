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

    /// <summary>Whether its release reached the activation that held it, while it did.</summary>
    public bool IsReleased { get; set; }

    /// <summary>What an expiry may count.</summary>
    public List<TokenUsage> Told { get; } = [Calls.Tokens(10, 0)];
}
