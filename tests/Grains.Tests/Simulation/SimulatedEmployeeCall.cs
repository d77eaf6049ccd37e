using Relay.Grains.Admission;

namespace Relay.Grains.Tests.Simulation;

/// <summary>A call that a key has admitted.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="Facts">The call.</param>
internal sealed record SimulatedEmployeeCall(string KeyId, CallFacts Facts)
{
    /// <summary>What it has used in the end; null while it runs.</summary>
    public long? OutputTokens { get; set; }

    /// <summary>What counts against limits of tokens: what it may use while it runs, and then what it has used.</summary>
    public long Tokens => OutputTokens is { } used ? Facts.InputTokensHeld + used : Facts.InputTokensHeld + Facts.OutputTokensHeld;
}
