using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>
/// Reads what is metered of an answer, token by token: a whole body (<c>choices[].message</c>), or one chunk of a
/// stream (<c>choices[].delta</c>). Everything else goes by unseen.
/// </summary>
internal struct AnswerReader(bool isChunk, bool wantsModel, OutputText text)
{
    private Member _top;
    private Member _inChoice;
    private Member _inMessage;
    private bool _isText;
    private bool _isGroqUsage;
    private bool _isInUsage;
    private UsageReader _usage;
    private TokenUsage? _reported;
    private bool _hasTopUsage;
    private bool _hasGroqUsage;
    private bool _hasChoicesArray;
    private bool _hasChoice;
    private long _choice;
    private long _choicesBegun;

    private enum Member
    {
        Other,
        Usage,
        Model,
        Choices,
        Error,
        XGroq,
        Message,
        Text,
        Index,
        FinishReason,
        Reasoning,
        ReasoningContent,
        Parts,
    }

    /// <summary>The model's name, once seen and where it was wanted.</summary>
    public string? Model { get; private set; }

    /// <summary>Whether <c>usage</c> was an object, counts or not.</summary>
    public bool HasUsageObject { get; private set; }

    /// <summary>How many choices gave a reason why they ended.</summary>
    public int FinishReasons { get; private set; }

    /// <summary>Whether there is a top-level <c>error</c> that SDKs take for one: not null, false, 0 or an empty string.</summary>
    public bool HasError { get; private set; }

    /// <summary>Whether <c>choices</c> is an empty array.</summary>
    public readonly bool HasEmptyChoices => _hasChoicesArray && !_hasChoice;

    /// <summary>Whether there is at least one choice.</summary>
    public readonly bool HasChoice => _hasChoice;

    /// <summary>Whether a count was reported; <see cref="Usage"/> is null all the same if it cannot be trusted.</summary>
    public readonly bool HasUsage => _hasTopUsage || _hasGroqUsage;

    /// <summary>The reported counts; the API's own member goes before <c>x_groq.usage</c>.</summary>
    public readonly TokenUsage? Usage => _reported;

    /// <summary>Takes the next token of the answer.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        if (_isInUsage)
        {
            ReadUsage(ref reader);
        }
        else if (reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadName(ref reader);
        }
        else if (reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            ReadValue(ref reader);
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth != UsageDepth)
        {
            _usage.Read(ref reader);
            return;
        }

        _isInUsage = false;
        if (!_usage.IsReported)
        {
            return;
        }

        var isGroq = _top == Member.XGroq;
        if (!isGroq || !_hasTopUsage)
        {
            _reported = _usage.Usage;
        }

        _hasGroqUsage |= isGroq;
        _hasTopUsage |= !isGroq;
    }

    private readonly int UsageDepth => _top == Member.XGroq ? 2 : 1;

    // Depths: 1 members of the answer, 2 choices, 3 members of a choice, 4 members of its message, 5 and up parts of those.
    private void ReadName(ref Utf8JsonReader reader)
    {
        switch (reader.CurrentDepth)
        {
            case 1:
                _top = TopOf(ref reader);
                break;
            case 2:
                _isGroqUsage = _top == Member.XGroq && JsonText.Is(ref reader, "usage"u8);
                break;
            case 3 when _top == Member.Choices:
                _inChoice = ChoiceMemberOf(ref reader);
                break;
            case 4 when IsInMessage:
                _inMessage = MessageMemberOf(ref reader);
                _isText = _inMessage is not (Member.Parts or Member.Other);
                break;
            case > 4 when IsInMessage:
                _isText = _inMessage != Member.Other && IsTextOfPart(ref reader);
                break;
        }
    }

    private readonly bool IsInMessage => _top == Member.Choices && _inChoice == Member.Message;

    private void ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.CurrentDepth)
        {
            case 1:
                ReadTop(ref reader);
                break;
            case 2 when _isGroqUsage && _top == Member.XGroq:
                BeginUsage(ref reader);
                break;
            case 2 when _top == Member.Choices:
                // A choice says its number itself, mostly before its text; else its place is taken for it.
                _hasChoice = true;
                _choice = _choicesBegun++;
                break;
            case 3 when _top == Member.Choices && _inChoice == Member.Index:
                _choice = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var index) ? index : _choice;
                break;
            case 3 when _top == Member.Choices && _inChoice == Member.FinishReason:
                FinishReasons += reader.TokenType != JsonTokenType.Null ? 1 : 0;
                break;
            case 3 when _top == Member.Choices && _inChoice == Member.Text && reader.TokenType == JsonTokenType.String:
                text.Add(OutputTextKind.Said, _choice, ref reader);
                break;
            case >= 4 when IsInMessage && _isText && reader.TokenType == JsonTokenType.String:
                text.Add(KindOf(_inMessage), _choice, ref reader);
                break;
        }
    }

    private void ReadTop(ref Utf8JsonReader reader)
    {
        switch (_top)
        {
            case Member.Usage:
                BeginUsage(ref reader);
                break;
            case Member.Choices:
                _hasChoicesArray = reader.TokenType == JsonTokenType.StartArray;
                break;
            case Member.Model when wantsModel && Model is null && reader.TokenType == JsonTokenType.String:
                Model = JsonText.StringOrNull(ref reader) is { Length: > 0 } model ? model : null;
                break;
            case Member.Error:
                HasError |= IsTruthy(ref reader);
                break;
        }
    }

    private void BeginUsage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            HasUsageObject = true;
            _isInUsage = true;
            _usage = new UsageReader(UsageDepth);
        }
    }

    private static OutputTextKind KindOf(Member member) => member switch
    {
        Member.Parts => OutputTextKind.Called,
        Member.Reasoning => OutputTextKind.Reasoning,
        Member.ReasoningContent => OutputTextKind.ReasoningContent,
        _ => OutputTextKind.Said,
    };

    private static bool IsTruthy(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null or JsonTokenType.False => false,
        JsonTokenType.String => JsonText.DecodedBytes(ref reader) > 0,
        JsonTokenType.Number => !reader.TryGetDouble(out var number) || number != 0,
        _ => true,
    };

    private static Member TopOf(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "choices"u8) ? Member.Choices
        : JsonText.Is(ref reader, "usage"u8) ? Member.Usage
        : JsonText.Is(ref reader, "model"u8) ? Member.Model
        : JsonText.Is(ref reader, "error"u8) ? Member.Error
        : JsonText.Is(ref reader, "x_groq"u8) ? Member.XGroq
        : Member.Other;

    private readonly Member ChoiceMemberOf(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, isChunk ? "delta"u8 : "message"u8) ? Member.Message
        : JsonText.Is(ref reader, "finish_reason"u8) ? Member.FinishReason
        : JsonText.Is(ref reader, "text"u8) ? Member.Text
        : JsonText.Is(ref reader, "index"u8) ? Member.Index
        : Member.Other;

    private static Member MessageMemberOf(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "content"u8) || JsonText.Is(ref reader, "refusal"u8) ? Member.Text
        : JsonText.Is(ref reader, "tool_calls"u8) || JsonText.Is(ref reader, "function_call"u8) ? Member.Parts
        : JsonText.Is(ref reader, "audio"u8) ? Member.Parts
        : JsonText.Is(ref reader, "reasoning_content"u8) ? Member.ReasoningContent
        : JsonText.Is(ref reader, "reasoning"u8) ? Member.Reasoning
        : Member.Other;

    // Audio counts by its transcript, not by its samples; ids and types are not generated.
    private static bool IsTextOfPart(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "arguments"u8)
        || JsonText.Is(ref reader, "name"u8)
        || JsonText.Is(ref reader, "text"u8)
        || JsonText.Is(ref reader, "transcript"u8)
        || JsonText.Is(ref reader, "input"u8);
}
