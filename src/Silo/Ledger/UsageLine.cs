namespace Relay.Silo.Ledger;

/// <summary>What an entry or an hourly sum adds to a report.</summary>
internal sealed class UsageLine
{
    public string? Group { get; init; }

    public long Requests { get; init; }

    public long InputTokens { get; init; }

    public long CachedInputTokens { get; init; }

    public long AudioInputTokens { get; init; }

    public long OutputTokens { get; init; }

    public long ReasoningTokens { get; init; }

    public long AudioOutputTokens { get; init; }

    public long CacheWriteInputTokens { get; init; }

    public long CostNanoUsd { get; init; }

    public long PricedRequests { get; init; }
}
