using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>A line of a report as the database sums it; without a group, an endpoint's.</summary>
internal sealed class UsageSum
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

    public UsageTotals ToTotals() => new(
        Requests,
        new TokenUsage
        {
            InputTokens = InputTokens,
            CachedInputTokens = CachedInputTokens,
            AudioInputTokens = AudioInputTokens,
            OutputTokens = OutputTokens,
            ReasoningTokens = ReasoningTokens,
            AudioOutputTokens = AudioOutputTokens,
            CacheWriteInputTokens = CacheWriteInputTokens,
        })
    {
        PricedCost = new NanoUsd(CostNanoUsd),
        PricedRequests = PricedRequests,
    };
}
