using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>
/// Reads one <c>usage</c> object, token by token, in either naming (<c>prompt_tokens</c> or <c>input_tokens</c>).
/// <paramref name="depth"/> is the depth of the object's own start token.
/// </summary>
internal struct UsageReader(int depth)
{
    // No call comes near it, and sums of such counts cannot overflow.
    private const long CountMax = 1_000_000_000_000;

    private Member _outer;
    private Member _member;
    private bool _isUntrusted;
    private long? _input;
    private long? _output;
    private long? _total;
    private long? _cached;
    private long? _cacheHits;
    private long? _cacheWrites;
    private long? _inputAudio;
    private long? _reasoning;
    private long? _outputAudio;

    private enum Member
    {
        Other,
        Input,
        Output,
        Total,
        CacheHits,
        CacheWrites,
        InputDetails,
        OutputDetails,
        Cached,
        InputAudio,
        Reasoning,
        OutputAudio,
    }

    /// <summary>Whether there was a count at all, or something in place of one that cannot be trusted.</summary>
    public readonly bool IsReported => _isUntrusted || (_input ?? _output ?? _total) is not null;

    /// <summary>The counts, or null where nothing was reported or where it cannot be trusted.</summary>
    public readonly TokenUsage? Usage
    {
        get
        {
            if (_isUntrusted || !IsReported)
            {
                return null;
            }

            // The classes are parts of their sum by contract; an upstream that says otherwise must not make a price negative.
            var output = (_output ?? 0) + HiddenReasoning;
            var input = _input ?? Math.Max(0, (_total ?? 0) - output);
            var cached = Math.Min(input, _cached ?? _cacheHits ?? 0);
            return new TokenUsage
            {
                InputTokens = input,
                CachedInputTokens = cached,
                AudioInputTokens = Math.Min(input, _inputAudio ?? 0),
                OutputTokens = output,
                ReasoningTokens = Math.Min(output, _reasoning ?? HiddenReasoning),
                AudioOutputTokens = Math.Min(output, _outputAudio ?? 0),

                // No token is both read from the cache and written to it.
                CacheWriteInputTokens = Math.Min(input - cached, _cacheWrites ?? 0),
            };
        }
    }

    /// <summary>
    /// Some upstreams leave reasoning out of the output and have it in the total only, where it is paid for as output. So it is
    /// when the total exceeds its parts by exactly the reasoning, or when they say nothing of reasoning.
    /// </summary>
    private readonly long HiddenReasoning =>
        (_input, _output, _total) is ({ } input, { } output, { } total) && total - input - output is > 0 and var excess && (_reasoning is null || _reasoning == excess)
            ? excess
            : 0;

    /// <summary>Takes the next token inside the object.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                _member = (reader.CurrentDepth - depth) switch
                {
                    1 => _outer = MemberOf(ref reader),
                    2 => DetailOf(ref reader, _outer),
                    _ => Member.Other,
                };
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray or JsonTokenType.Null:
                break;
            default:
                if (_member is not (Member.Other or Member.InputDetails or Member.OutputDetails))
                {
                    ReadCount(ref reader);
                }

                break;
        }
    }

    private void ReadCount(ref Utf8JsonReader reader)
    {
        if (!TryGetCount(ref reader, out var count))
        {
            _isUntrusted = true;
            return;
        }

        switch (_member)
        {
            case Member.Input: Take(ref _input, count); break;
            case Member.Output: Take(ref _output, count); break;
            case Member.Total: Take(ref _total, count); break;
            case Member.CacheHits: Take(ref _cacheHits, count); break;
            case Member.CacheWrites: Take(ref _cacheWrites, count); break;
            case Member.Cached: Take(ref _cached, count); break;
            case Member.InputAudio: Take(ref _inputAudio, count); break;
            case Member.Reasoning: Take(ref _reasoning, count); break;
            case Member.OutputAudio: Take(ref _outputAudio, count); break;
        }
    }

    // Where both namings are there, the larger counts: some gateways fill the one they do not use with zeros.
    private static void Take(ref long? count, long value) => count = Math.Max(count ?? 0, value);

    private static bool TryGetCount(ref Utf8JsonReader reader, out long count)
    {
        count = 0;
        if (reader.TokenType != JsonTokenType.Number)
        {
            return false;
        }

        if (reader.TryGetInt64(out count))
        {
            return count is >= 0 and <= CountMax;
        }

        // Some upstreams write whole numbers as 12.0.
        if (!reader.TryGetDouble(out var number) || number is not (>= 0 and <= CountMax))
        {
            return false;
        }

        count = (long)number;
        return count == number;
    }

    private static Member MemberOf(ref Utf8JsonReader reader)
    {
        if (JsonText.Is(ref reader, "prompt_tokens"u8) || JsonText.Is(ref reader, "input_tokens"u8))
        {
            return Member.Input;
        }

        if (JsonText.Is(ref reader, "completion_tokens"u8) || JsonText.Is(ref reader, "output_tokens"u8))
        {
            return Member.Output;
        }

        if (JsonText.Is(ref reader, "prompt_tokens_details"u8) || JsonText.Is(ref reader, "input_tokens_details"u8))
        {
            return Member.InputDetails;
        }

        if (JsonText.Is(ref reader, "completion_tokens_details"u8) || JsonText.Is(ref reader, "output_tokens_details"u8))
        {
            return Member.OutputDetails;
        }

        if (JsonText.Is(ref reader, "total_tokens"u8))
        {
            return Member.Total;
        }

        // The latter is what gateways to Anthropic's models make of its name.
        return JsonText.Is(ref reader, "prompt_cache_hit_tokens"u8) ? Member.CacheHits
            : JsonText.Is(ref reader, "cache_creation_input_tokens"u8) ? Member.CacheWrites
            : Member.Other;
    }

    private static Member DetailOf(ref Utf8JsonReader reader, Member details)
    {
        if (details == Member.InputDetails)
        {
            return JsonText.Is(ref reader, "cached_tokens"u8) ? Member.Cached
                : JsonText.Is(ref reader, "cache_write_tokens"u8) ? Member.CacheWrites
                : JsonText.Is(ref reader, "audio_tokens"u8) ? Member.InputAudio
                : Member.Other;
        }

        if (details == Member.OutputDetails)
        {
            return JsonText.Is(ref reader, "reasoning_tokens"u8) ? Member.Reasoning
                : JsonText.Is(ref reader, "audio_tokens"u8) ? Member.OutputAudio
                : Member.Other;
        }

        return Member.Other;
    }
}
