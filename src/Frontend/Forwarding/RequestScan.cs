using System.Runtime.CompilerServices;
using System.Text.Json;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Forwarding;

/// <summary>Gathers a request's facts from its JSON tokens. <paramref name="origin"/> is the offset of the first byte read.</summary>
internal struct RequestScan(EndpointSpec endpoint, long origin)
{
    private const int ModelBytesMax = 512;
    private const int NumberOfAnswersMax = 1024;

    // Caps that keep their product, and sums of such products, in the range of a long.
    private const long OutputTokensMax = 1_000_000_000_000;
    private const int ChoicesMax = 1_000_000;

    private const int FirstNumber = (int)RequestMember.MaxTokens;
    // No client repeats itself so often.
    private const int OutputCapsMax = 16;

    private List<OutputCapPlace>? _outputCaps;
    private InlineArray5<long?> _numbers;

    private RequestMember _member;
    private int _seen;
    private bool _isRepeated;
    private string? _model;
    private bool? _stream;
    private bool? _background;
    private long _bodyStart;
    private InputEstimate _input;
    private PromptCount _prompts;
    private StreamOptionsEdits _streamOptions;

    /// <summary>Takes the next token; returns why the request cannot be relayed, or null.</summary>
    public RequestFault? Read(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        if (depth == 0)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                _bodyStart = origin + reader.TokenStartIndex;
            }

            return reader.TokenType is JsonTokenType.StartObject or JsonTokenType.EndObject
                ? null
                : new RequestFault("The body of this request is JSON, but not an object.", Param: null);
        }

        _input.Read(ref reader, _member);
        if (depth == 1 && reader.TokenType == JsonTokenType.PropertyName)
        {
            _member = MemberOf(ref reader);
            _isRepeated = (_seen & (1 << (int)_member)) != 0;
            _seen |= 1 << (int)_member;
            return null;
        }

        return ReadMember(ref reader);
    }

    /// <summary>Says what was found, once the whole body was read.</summary>
    public RequestFault? Complete(out RequestFacts? facts)
    {
        facts = null;
        var model = _model ?? endpoint.ModelDefault;
        if (model is null)
        {
            return new RequestFault("This request does not say which model it is for: 'model' is required.", "model");
        }

        var isStream = _stream ?? false;
        var isUsageStream = isStream && endpoint.TakesStreamOptions;
        facts = new RequestFacts
        {
            Model = model,
            Stream = isStream,
            InBackground = _background ?? false,
            UsageAsked = isUsageStream && _streamOptions.UsageAsked,
            InputTokensEstimated = endpoint.IsFree ? 0 : _input.Tokens,
            OutputTokensMax = endpoint.GeneratesOutput ? OutputCap() : 0,
            Choices = endpoint.GeneratesOutput ? Choices() : 0,
            Shape = endpoint.Shape,
            IsFree = endpoint.IsFree,
            Edits = isUsageStream ? _streamOptions.ToList(_bodyStart) : [],
            OutputCaps = new OutputCaps(_outputCaps ?? (IReadOnlyList<OutputCapPlace>)[], _bodyStart, OutputCaps.MemberToAdd(endpoint, model)),
        };
        return null;
    }

    private RequestFault? ReadMember(ref Utf8JsonReader reader)
    {
        switch (_member)
        {
            case RequestMember.Model when reader.CurrentDepth == 1:
                return ReadModel(ref reader);
            case RequestMember.Stream when reader.CurrentDepth == 1:
                return ReadFlag(ref reader, ref _stream);
            case RequestMember.StreamOptions when endpoint.TakesStreamOptions:
                return ReadStreamOptions(ref reader);
            case >= RequestMember.MaxTokens and <= RequestMember.MaxOutputTokens when endpoint.GeneratesOutput:
                return ReadNumber(ref reader, 0, long.MaxValue);
            case RequestMember.N or RequestMember.BestOf when HasChoices:
                return ReadNumber(ref reader, 1, NumberOfAnswersMax);
            case RequestMember.Background when endpoint.Shape == AnswerShape.Response && reader.CurrentDepth == 1:
                return ReadFlag(ref reader, ref _background);
            case RequestMember.Prompt when HasChoices && !_prompts.TryRead(ref reader):
                return WrongValue("a string, an array of strings, an array of token numbers, or an array of such arrays");
            default:
                return null;
        }
    }

    private bool HasChoices => endpoint.GeneratesOutput && endpoint.Shape == AnswerShape.Choices;

    private RequestFault? ReadModel(ref Utf8JsonReader reader)
    {
        var model = reader.TokenType == JsonTokenType.String && JsonText.DecodedBytes(ref reader) <= ModelBytesMax
            ? JsonText.StringOrNull(ref reader)
            : null;
        if (string.IsNullOrEmpty(model))
        {
            return WrongValue($"a string of 1 to {ModelBytesMax} bytes");
        }

        if (_isRepeated && !string.Equals(_model, model, StringComparison.Ordinal))
        {
            return Contradiction();
        }

        _model = model;
        return null;
    }

    private RequestFault? ReadFlag(ref Utf8JsonReader reader, ref bool? known)
    {
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
        {
            return WrongValue("true, false or null");
        }

        bool? flag = reader.TokenType == JsonTokenType.Null ? null : reader.TokenType == JsonTokenType.True;
        if (_isRepeated && known != flag)
        {
            return Contradiction();
        }

        known = flag;
        return null;
    }

    private RequestFault? ReadStreamOptions(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth == 1
            && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject or JsonTokenType.Null))
        {
            return WrongValue("an object or null");
        }

        _streamOptions.Read(ref reader, origin);
        return _streamOptions.AreTooMany ? new RequestFault("'stream_options' is given too many times.", "stream_options") : null;
    }

    private RequestFault? ReadNumber(ref Utf8JsonReader reader, long min, long max)
    {
        long? number = null;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value >= min && value <= max)
        {
            number = value;
        }
        else if (reader.TokenType != JsonTokenType.Null)
        {
            return WrongValue(max == long.MaxValue
                ? "an integer of 0 or more, or null"
                : $"an integer from {min} to {max}, or null");
        }

        ref var known = ref _numbers[(int)_member - FirstNumber];
        if (_isRepeated && known != number)
        {
            return Contradiction();
        }

        known = number;
        if (IsOutputCap(_member))
        {
            (_outputCaps ??= []).Add(new OutputCapPlace(
                NameOf(_member), origin + reader.TokenStartIndex, reader.BytesConsumed - reader.TokenStartIndex, number));
        }

        return _outputCaps?.Count > OutputCapsMax ? new RequestFault($"'{NameOf(_member)}' is given too many times.", NameOf(_member)) : null;
    }

    /// <summary>One that no upstream reads at this endpoint caps nothing.</summary>
    private bool IsOutputCap(RequestMember member) =>
        member is >= RequestMember.MaxTokens and <= RequestMember.MaxOutputTokens
        && endpoint.OutputCaps.IndexOf(NameOf(member), 0, endpoint.OutputCaps.Length, StringComparer.Ordinal) >= 0;

    private long? Number(RequestMember member) => _numbers[(int)member - FirstNumber];

    private long? OutputCap()
    {
        long? cap = null;
        for (var member = RequestMember.MaxTokens; member <= RequestMember.MaxOutputTokens; member++)
        {
            if (IsOutputCap(member) && Number(member) is { } number)
            {
                cap = Math.Min(OutputTokensMax, Math.Max(cap ?? 0, number));
            }
        }

        return cap;
    }

    private int Choices()
    {
        var answers = Math.Max(Number(RequestMember.N) ?? 1, Number(RequestMember.BestOf) ?? 1);
        return (int)Math.Min(ChoicesMax, answers * _prompts.Count);
    }

    private RequestFault WrongValue(string expected) =>
        new($"The value of '{NameOf(_member)}' must be {expected}.", NameOf(_member));

    private RequestFault Contradiction() =>
        new($"'{NameOf(_member)}' is given more than once, with different values.", NameOf(_member));

    /// <summary>Which member a top-level name is.</summary>
    public static RequestMember MemberOf(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "model"u8) ? RequestMember.Model
        : JsonText.Is(ref reader, "messages"u8) ? RequestMember.Messages
        : JsonText.Is(ref reader, "tools"u8) || JsonText.Is(ref reader, "functions"u8) || JsonText.Is(ref reader, "response_format"u8) ? RequestMember.Schema
        : JsonText.Is(ref reader, "stream"u8) ? RequestMember.Stream
        : JsonText.Is(ref reader, "stream_options"u8) ? RequestMember.StreamOptions
        : JsonText.Is(ref reader, "max_tokens"u8) ? RequestMember.MaxTokens
        : JsonText.Is(ref reader, "max_completion_tokens"u8) ? RequestMember.MaxCompletionTokens
        : JsonText.Is(ref reader, "max_output_tokens"u8) ? RequestMember.MaxOutputTokens
        : JsonText.Is(ref reader, "n"u8) ? RequestMember.N
        : JsonText.Is(ref reader, "best_of"u8) ? RequestMember.BestOf
        : JsonText.Is(ref reader, "prompt"u8) ? RequestMember.Prompt
        : JsonText.Is(ref reader, "input"u8) ? RequestMember.Input
        : JsonText.Is(ref reader, "instructions"u8) ? RequestMember.Instructions
        : JsonText.Is(ref reader, "background"u8) ? RequestMember.Background
        : RequestMember.Other;

    private static string NameOf(RequestMember member) => member switch
    {
        RequestMember.Model => "model",
        RequestMember.Stream => "stream",
        RequestMember.StreamOptions => "stream_options",
        RequestMember.MaxTokens => "max_tokens",
        RequestMember.MaxCompletionTokens => "max_completion_tokens",
        RequestMember.MaxOutputTokens => "max_output_tokens",
        RequestMember.N => "n",
        RequestMember.BestOf => "best_of",
        RequestMember.Prompt => "prompt",
        RequestMember.Background => "background",
        _ => throw new ArgumentOutOfRangeException(nameof(member), member, "No fault is ever about this member."),
    };
}
