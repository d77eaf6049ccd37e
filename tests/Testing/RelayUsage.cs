using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Testing;

/// <summary>What the admin API says that a key or a user has used.</summary>
/// <param name="Requests">The calls.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Limits">The limits' states, as JSON.</param>
public sealed record RelayUsage(long Requests, TokenUsage Tokens, IReadOnlyList<JsonElement> Limits)
{
    internal static RelayUsage Read(JsonElement body)
    {
        var totals = body.GetProperty("totals");
        long Total(string name) => totals.GetProperty(name).GetInt64();
        return new RelayUsage(
            Total("requests"),
            new TokenUsage
            {
                InputTokens = Total("input_tokens"),
                CachedInputTokens = Total("cached_input_tokens"),
                OutputTokens = Total("output_tokens"),
                ReasoningTokens = Total("reasoning_tokens"),
            },
            [.. body.GetProperty("limits").EnumerateArray()]);
    }
}
