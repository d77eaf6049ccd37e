using LinqToDB.Mapping;
using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>A row of <c>usage_carried</c>: the sum of a key's dropped entries of one requested model.</summary>
[Table("usage_carried")]
internal sealed class UsageCarriedRow
{
    [Column("key_id"), PrimaryKey(1), NotNull] public required string KeyId { get; init; }

    [Column("model"), PrimaryKey(2), NotNull] public required string Model { get; init; }

    [Column("requests")] public required long Requests { get; init; }

    [Column("input_tokens")] public required long InputTokens { get; init; }

    [Column("cached_input_tokens")] public required long CachedInputTokens { get; init; }

    [Column("audio_input_tokens")] public required long AudioInputTokens { get; init; }

    [Column("output_tokens")] public required long OutputTokens { get; init; }

    [Column("reasoning_tokens")] public required long ReasoningTokens { get; init; }

    [Column("audio_output_tokens")] public required long AudioOutputTokens { get; init; }

    [Column("cache_write_input_tokens")] public required long CacheWriteInputTokens { get; init; }

    [Column("cost_nano_usd")] public required long CostNanoUsd { get; init; }

    [Column("priced_requests")] public required long PricedRequests { get; init; }

    /// <summary>Sums entries of one key.</summary>
    public static List<UsageCarriedRow> Sum(IEnumerable<UsageEntryRow> entries) => entries
        .GroupBy(static entry => (entry.KeyId, entry.Model))
        .Select(static group => new UsageCarriedRow
        {
            KeyId = group.Key.KeyId,
            Model = group.Key.Model,
            Requests = group.Sum(static entry => (long)entry.Requests),
            InputTokens = group.Sum(static entry => entry.InputTokens),
            CachedInputTokens = group.Sum(static entry => entry.CachedInputTokens),
            AudioInputTokens = group.Sum(static entry => entry.AudioInputTokens),
            OutputTokens = group.Sum(static entry => entry.OutputTokens),
            ReasoningTokens = group.Sum(static entry => entry.ReasoningTokens),
            AudioOutputTokens = group.Sum(static entry => entry.AudioOutputTokens),
            CacheWriteInputTokens = group.Sum(static entry => entry.CacheWriteInputTokens),
            CostNanoUsd = group.Sum(static entry => entry.CostNanoUsd ?? 0),
            PricedRequests = group.Sum(static entry => (long)entry.PricedRequests),
        })
        .ToList();

    public ModelTotals ToModelTotals() => new(Model, new UsageTotals(
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
    });
}
