using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>One model's committed counts in a snapshot.</summary>
public sealed record ModelState
{
    public string Model { get; set; } = "";

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

    internal static ModelState Of(ModelTotals model) => new()
    {
        Model = model.Model,
        Requests = model.Totals.Requests,
        InputTokens = model.Totals.Tokens.InputTokens,
        CachedInputTokens = model.Totals.Tokens.CachedInputTokens,
        AudioInputTokens = model.Totals.Tokens.AudioInputTokens,
        OutputTokens = model.Totals.Tokens.OutputTokens,
        ReasoningTokens = model.Totals.Tokens.ReasoningTokens,
        AudioOutputTokens = model.Totals.Tokens.AudioOutputTokens,
        CacheWriteInputTokens = model.Totals.Tokens.CacheWriteInputTokens,
        CostNanoUsd = model.Totals.PricedCost.Value,
        PricedRequests = model.Totals.PricedRequests,
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
