using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>Reads what is metered of one event of a streamed response, token by token.</summary>
internal struct ResponseEventReader(OutputText text)
{
    private readonly bool _hasText = text.Bytes > 0;
    private Member _member;
    private ResponseReader _response;
    private long _item;
    private bool _isAudio;

    private enum Member
    {
        Other,
        Type,
        Delta,
        Item,
        Sequence,
        Response,
        Error,
    }

    /// <summary>The id of the response that the event repeats, or null.</summary>
    public readonly string? ResponseId => _response.Id;

    /// <summary>The model's name, or null.</summary>
    public readonly string? Model => _response.Model;

    /// <summary>The reported counts; null if there are none, or if they cannot be trusted.</summary>
    public readonly TokenUsage? Usage => _response.Usage;

    /// <summary>Whether this is the stream's last event: the response is whole, incomplete or failed.</summary>
    public bool IsTerminal { get; private set; }

    /// <summary>Whether the event tells of an error.</summary>
    public bool HasError { get; private set; }

    /// <summary>The event's number, or null.</summary>
    public long? Sequence { get; private set; }

    /// <summary>Takes the next token of the event.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth > 1)
        {
            if (_member == Member.Response)
            {
                _response.Read(ref reader);
            }
        }
        else if (reader.CurrentDepth == 1)
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                _member = MemberOf(ref reader);
            }
            else
            {
                ReadValue(ref reader);
            }
        }
    }

    private void ReadValue(ref Utf8JsonReader reader)
    {
        switch (_member)
        {
            case Member.Type when reader.TokenType == JsonTokenType.String:
                ReadType(ref reader);
                break;
            case Member.Item when reader.TokenType == JsonTokenType.Number:
                _item = reader.TryGetInt64(out var item) ? item : 0;
                break;
            case Member.Sequence when reader.TokenType == JsonTokenType.Number:
                Sequence = reader.TryGetInt64(out var sequence) ? sequence : null;
                break;
            case Member.Delta when reader.TokenType == JsonTokenType.String && !_isAudio:
                text.Add(OutputTextKind.Said, _item, ref reader);
                break;
            case Member.Response when reader.TokenType == JsonTokenType.StartObject:
                // The last event repeats the whole output; it is read only where nothing came before.
                _response = new ResponseReader(depth: 1, _hasText ? null : text);
                break;
            case Member.Error:
                HasError |= reader.TokenType == JsonTokenType.StartObject;
                break;
        }
    }

    private void ReadType(ref Utf8JsonReader reader)
    {
        _isAudio = JsonText.Is(ref reader, "response.audio.delta"u8);
        HasError |= JsonText.Is(ref reader, "error"u8);
        IsTerminal = JsonText.Is(ref reader, "response.completed"u8)
            || JsonText.Is(ref reader, "response.incomplete"u8)
            || JsonText.Is(ref reader, "response.failed"u8);
    }

    private static Member MemberOf(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "delta"u8) ? Member.Delta
        : JsonText.Is(ref reader, "type"u8) ? Member.Type
        : JsonText.Is(ref reader, "sequence_number"u8) ? Member.Sequence
        : JsonText.Is(ref reader, "output_index"u8) ? Member.Item
        : JsonText.Is(ref reader, "response"u8) ? Member.Response
        : JsonText.Is(ref reader, "error"u8) ? Member.Error
        : Member.Other;
}
