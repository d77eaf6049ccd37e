using Relay.Grains.Accounts;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>One owner's committed counts of one model in a snapshot.</summary>
public sealed record ModelState
{
    public string Model { get; set; } = "";

    /// <summary>Whose calls they were; null when nobody knows any more, or the snapshot is of before this was kept.</summary>
    public string? User { get; set; }

    /// <summary>The user's team at that time, or null.</summary>
    public string? Team { get; set; }

    public long Requests { get; set; }

    public long InputTokens { get; set; }

    public long CachedInputTokens { get; set; }

    public long AudioInputTokens { get; set; }

    public long OutputTokens { get; set; }

    public long ReasoningTokens { get; set; }

    public long AudioOutputTokens { get; set; }

    public long CacheWriteInputTokens { get; set; }

    public long CostNanoUsd { get; set; }

    public long PricedRequests { get; set; }

    internal static ModelState Of(CallOwner owner, string model, UsageTotals totals) => new()
    {
        Model = model,
        User = owner.User,
        Team = owner.Team,
        Requests = totals.Requests,
        InputTokens = totals.Tokens.InputTokens,
        CachedInputTokens = totals.Tokens.CachedInputTokens,
        AudioInputTokens = totals.Tokens.AudioInputTokens,
        OutputTokens = totals.Tokens.OutputTokens,
        ReasoningTokens = totals.Tokens.ReasoningTokens,
        AudioOutputTokens = totals.Tokens.AudioOutputTokens,
        CacheWriteInputTokens = totals.Tokens.CacheWriteInputTokens,
        CostNanoUsd = totals.PricedCost.Value,
        PricedRequests = totals.PricedRequests,
    };

    internal UsageTotals ToTotals() => new(Requests, new TokenUsage
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
