using System.Text.Json.Nodes;
using Relay.Grains.Usage;

namespace Relay.Testing.Upstreams;

/// <summary>OpenAI's <c>usage</c> member.</summary>
internal static class UsageObject
{
    /// <summary>For an answer that generates.</summary>
    public static JsonObject Generated(TokenUsage usage) => new()
    {
        ["prompt_tokens"] = usage.InputTokens,
        ["completion_tokens"] = usage.OutputTokens,
        ["total_tokens"] = usage.TotalTokens,
        ["prompt_tokens_details"] = new JsonObject
        {
            ["cached_tokens"] = usage.CachedInputTokens,
            ["audio_tokens"] = usage.AudioInputTokens,
        },
        ["completion_tokens_details"] = new JsonObject
        {
            ["reasoning_tokens"] = usage.ReasoningTokens,
            ["audio_tokens"] = usage.AudioOutputTokens,
            ["accepted_prediction_tokens"] = 0,
            ["rejected_prediction_tokens"] = 0,
        },
    };

    /// <summary>For the Responses API.</summary>
    public static JsonObject Responded(TokenUsage usage) => new()
    {
        ["input_tokens"] = usage.InputTokens,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CachedInputTokens },
        ["output_tokens"] = usage.OutputTokens,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.ReasoningTokens },
        ["total_tokens"] = usage.TotalTokens,
    };

    /// <summary>For embeddings, which only take in.</summary>
    public static JsonObject Embedded(TokenUsage usage) => new()
    {
        ["prompt_tokens"] = usage.InputTokens,
        ["total_tokens"] = usage.InputTokens,
    };
}
