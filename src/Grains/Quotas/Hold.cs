using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>What one admitted call in flight may still use.</summary>
/// <param name="Call">The call, as it was reserved.</param>
/// <param name="Deadline">When the hold expires unless it is renewed, on the monotonic clock.</param>
/// <param name="UsageSoFar">What is booked if the call's frontend falls silent: what it has told, and its input as long as that is nothing.</param>
internal sealed record Hold(CallFacts Call, TimeSpan Deadline, TokenUsage UsageSoFar)
{
    /// <summary>What the hold takes of the limits that are sums.</summary>
    public Amounts Amounts => new(1, Call.InputTokensHeld, Call.OutputTokensHeld);
}
