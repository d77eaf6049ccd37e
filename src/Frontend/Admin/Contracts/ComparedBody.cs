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
        CacheWriteInputTokens = side.Totals?.Tokens.CacheWriteInputTokens;
        Cost = side.Totals?.PricedCost.ToUsd();
        PricedRequests = side.Totals?.PricedRequests;
    }

    /// <summary>The open window of which this is the sum.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Window? Window { get; }

    /// <summary>The model of which this is the sum.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; }

    /// <summary>When the hour begins of which this is the sum, in unix seconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Hour { get; }

    /// <summary>The lowest number of the key's entries.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? FirstSequence { get; }

    /// <summary>The highest number of the key's entries.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LastSequence { get; }

    /// <summary>How many entries there are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Entries { get; }

    /// <summary>Calls.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Requests { get; }

    /// <summary>Input tokens, cached ones included.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? InputTokens { get; }

    /// <summary>Input tokens that came from the upstream's cache.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? CachedInputTokens { get; }

    /// <summary>Input tokens that were audio.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AudioInputTokens { get; }

    /// <summary>Output tokens, reasoning ones included.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? OutputTokens { get; }

    /// <summary>Output tokens that were reasoning.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ReasoningTokens { get; }

    /// <summary>Output tokens that were audio.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AudioOutputTokens { get; }

    /// <summary>Input tokens that were written to the upstream's cache.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? CacheWriteInputTokens { get; }

    /// <summary>What those of the calls cost that have a price, in US dollars.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Cost { get; }

    /// <summary>Calls that have a price.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PricedRequests { get; }
}
