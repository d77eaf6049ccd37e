namespace Relay.Grains.Usage;

/// <summary>A call's tokens by class, each 0 or more (a correction's may be negative).</summary>
[GenerateSerializer, Immutable, Alias("Relay.TokenUsage")]
public readonly record struct TokenUsage
{
    /// <summary>All input tokens.</summary>
    [Id(0)] public long InputTokens { get; init; }

    /// <summary>The input tokens that the upstream's cache answered; part of <see cref="InputTokens"/>.</summary>
    [Id(1)] public long CachedInputTokens { get; init; }

    /// <summary>The input tokens that were audio; part of <see cref="InputTokens"/>.</summary>
    [Id(2)] public long AudioInputTokens { get; init; }

    /// <summary>All output tokens.</summary>
    [Id(3)] public long OutputTokens { get; init; }

    /// <summary>The output tokens spent on reasoning; part of <see cref="OutputTokens"/>.</summary>
    [Id(4)] public long ReasoningTokens { get; init; }

    /// <summary>The output tokens that were audio; part of <see cref="OutputTokens"/>.</summary>
    [Id(5)] public long AudioOutputTokens { get; init; }

    /// <summary>The input tokens that the upstream wrote to its cache; part of <see cref="InputTokens"/>.</summary>
    [Id(6)] public long CacheWriteInputTokens { get; init; }

    /// <summary>Input and output together.</summary>
    public long TotalTokens => InputTokens + OutputTokens;

    /// <summary>Adds class by class.</summary>
    public static TokenUsage operator +(TokenUsage left, TokenUsage right) => new()
    {
        InputTokens = left.InputTokens + right.InputTokens,
        CachedInputTokens = left.CachedInputTokens + right.CachedInputTokens,
        AudioInputTokens = left.AudioInputTokens + right.AudioInputTokens,
        OutputTokens = left.OutputTokens + right.OutputTokens,
        ReasoningTokens = left.ReasoningTokens + right.ReasoningTokens,
        AudioOutputTokens = left.AudioOutputTokens + right.AudioOutputTokens,
        CacheWriteInputTokens = left.CacheWriteInputTokens + right.CacheWriteInputTokens,
    };

    /// <summary>Subtracts class by class.</summary>
    public static TokenUsage operator -(TokenUsage left, TokenUsage right) => new()
    {
        InputTokens = left.InputTokens - right.InputTokens,
        CachedInputTokens = left.CachedInputTokens - right.CachedInputTokens,
        AudioInputTokens = left.AudioInputTokens - right.AudioInputTokens,
        OutputTokens = left.OutputTokens - right.OutputTokens,
        ReasoningTokens = left.ReasoningTokens - right.ReasoningTokens,
        AudioOutputTokens = left.AudioOutputTokens - right.AudioOutputTokens,
        CacheWriteInputTokens = left.CacheWriteInputTokens - right.CacheWriteInputTokens,
    };
}
