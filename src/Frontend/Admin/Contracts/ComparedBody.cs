using System.Text.Json.Serialization;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>One side of a comparison; what was not compared is left out.</summary>
internal sealed record ComparedBody
{
    public ComparedBody(ComparedUsage side)
    {
        Window = side.Window;
        Model = side.Model;
        Hour = side.Hour?.ToUnixTimeSeconds();
        FirstSequence = side.FirstSequence;
        LastSequence = side.LastSequence;
        Entries = side.Entries;
        Requests = side.Totals?.Requests;
        InputTokens = side.Totals?.Tokens.InputTokens;
        CachedInputTokens = side.Totals?.Tokens.CachedInputTokens;
        AudioInputTokens = side.Totals?.Tokens.AudioInputTokens;
        OutputTokens = side.Totals?.Tokens.OutputTokens;
        ReasoningTokens = side.Totals?.Tokens.ReasoningTokens;
        AudioOutputTokens = side.Totals?.Tokens.AudioOutputTokens;
    }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Window? Window { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Hour { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? FirstSequence { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LastSequence { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Entries { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Requests { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? InputTokens { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? CachedInputTokens { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AudioInputTokens { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? OutputTokens { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ReasoningTokens { get; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AudioOutputTokens { get; }
}
