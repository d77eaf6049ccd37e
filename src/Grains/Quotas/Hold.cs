using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>What one admitted call in flight may still use.</summary>
/// <param name="Call">The call, as it was reserved.</param>
/// <param name="Deadline">When the hold expires unless it is renewed, on the monotonic clock.</param>
/// <param name="UsageSoFar">What is booked if the call's frontend falls silent: what it has told, and its input as long as that is nothing.</param>
internal sealed record Hold(CallFacts Call, TimeSpan Deadline, TokenUsage UsageSoFar)
{
    /// <summary>What the call may cost at most, as far as prices were known when it was held.</summary>
    public required NanoUsd CostHeld { get; init; }

    /// <summary>To how many tokens the output of each choice must be capped upstream; null for no lower than the client has.</summary>
    public long? OutputTokensCap { get; init; }

    /// <summary>What the hold takes of the limits that are sums.</summary>
    public Amounts Amounts => new(1, Call.InputTokensHeld, Call.OutputTokensHeld, CostHeld.Value);
}
