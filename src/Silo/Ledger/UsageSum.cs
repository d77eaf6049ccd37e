using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>A line of a report as the database sums it.</summary>
internal sealed class UsageSum
{
    public string? Group { get; init; }

    /// <summary>How many entries were summed. A sum over all is a line of nulls and zeros where there are none.</summary>
    public int Entries { get; init; }

    public long Requests { get; init; }

    public long InputTokens { get; init; }

    public long CachedInputTokens { get; init; }

    public long AudioInputTokens { get; init; }

    public long OutputTokens { get; init; }

    public long ReasoningTokens { get; init; }

    public long AudioOutputTokens { get; init; }

    public UsageRow ToUsageRow() => new(
        Group,
        new UsageTotals(
            Requests,
            new TokenUsage
            {
                InputTokens = InputTokens,
                CachedInputTokens = CachedInputTokens,
                AudioInputTokens = AudioInputTokens,
                OutputTokens = OutputTokens,
                ReasoningTokens = ReasoningTokens,
                AudioOutputTokens = AudioOutputTokens,
            }));
}
