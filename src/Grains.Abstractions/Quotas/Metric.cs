namespace Relay.Grains.Quotas;

/// <summary>What a limit counts.</summary>
[GenerateSerializer, Alias("Relay.Metric")]
public enum Metric
{
    /// <summary>Calls sent upstream.</summary>
    Requests,

    /// <summary>Input and output tokens together.</summary>
    Tokens,

    /// <summary>Input tokens, cached ones included.</summary>
    InputTokens,

    /// <summary>Output tokens, reasoning ones included.</summary>
    OutputTokens,

    /// <summary>Calls in flight at once: a level, not a sum, so its window means nothing.</summary>
    Concurrency,

    /// <summary>What the upstream charges, in billionths of a US dollar (<see cref="Usage.NanoUsd"/>).</summary>
    Cost,
}
