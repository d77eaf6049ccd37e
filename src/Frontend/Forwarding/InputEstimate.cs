using System.Buffers;
using System.Text.Json;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// Guesses a request's input tokens from its JSON tokens: all strings are text, but for the model's name and for
/// inline images, files and audio, whose bytes say little about what they cost. With a vocabulary it counts the text that
/// the model reads instead of guessing at it from all that is there.
/// </summary>
/// <param name="vocabulary">The model's, or null for a guess.</param>
internal struct InputEstimate(Vocabulary? vocabulary)
{
    /// <summary>What a large image costs in high detail; a file costs at least that.</summary>
    private const int TokensPerInlineFile = 1600;

    /// <summary>Some 2,000 tokens for a page of a PDF, whose text and picture are both read, at 100 kB of bytes, 133 kB in base64.</summary>
    private const int FileCharactersPerToken = 64;

    /// <summary>What a message may cost beside its text.</summary>
    private const int TokensPerMessage = 8;

    /// <summary>What a message does cost beside its text, by OpenAI's own account of its chat models; its role is text.</summary>
    private const int TokensPerMessageCounted = 3;

    /// <summary>
    /// Ten tokens a second of audio, at the 16 kbit/s of the smallest MP3s: 2,000 bytes a second, 2,667 in base64.
    /// </summary>
    private const int AudioCharactersPerToken = 256;

    // Long enough for a media type with its parameters.
    private const int DataUrlHeadMax = 128;

    private long _textBytes;
    private long _tokens;
    private int _audioDepth;
    private bool _isAudio;
    private bool _isImage;
    private bool _isFile;
    private bool _isLabel;

    /// <summary>The tokens so far.</summary>
    public readonly long Tokens => _tokens + TokenEstimator.BoundFromTextBytes(_textBytes);

    /// <summary>Takes the next token of the body, which is or is part of the given member.</summary>
    public void Read(ref Utf8JsonReader reader, RequestMember member)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                ReadName(ref reader);

                // Of schemas the model reads the names too.
                if (member == RequestMember.Schema && reader.CurrentDepth > 1)
                {
                    AddText(ref reader);
                }

                break;
            case JsonTokenType.StartObject when member is RequestMember.Messages or RequestMember.Input && reader.CurrentDepth == 2:
                _tokens += vocabulary is null ? TokensPerMessage : TokensPerMessageCounted;
                break;
            case JsonTokenType.Number when member is RequestMember.Prompt or RequestMember.Input && reader.CurrentDepth > 1:
                _tokens++;
                break;
            case JsonTokenType.String when vocabulary is null ? member != RequestMember.Model || reader.CurrentDepth > 1 : IsRead(member) && !_isLabel:
                ReadString(ref reader);
                break;
        }
    }

    private void ReadName(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        _isImage = JsonText.Is(ref reader, "url"u8) || JsonText.Is(ref reader, "image_url"u8);
        _isFile = JsonText.Is(ref reader, "file_data"u8);
        _isLabel = vocabulary is not null && IsLabel(ref reader);
        _isAudio = _audioDepth > 0 && depth == _audioDepth + 1 && JsonText.Is(ref reader, "data"u8);
        if (depth <= _audioDepth || _audioDepth == 0)
        {
            _audioDepth = JsonText.Is(ref reader, "input_audio"u8) ? depth : 0;
        }
    }

    private void ReadString(ref Utf8JsonReader reader)
    {
        var rawLength = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (_isAudio && reader.CurrentDepth == _audioDepth + 1)
        {
            _tokens += (rawLength + AudioCharactersPerToken - 1) / AudioCharactersPerToken;
        }
        else if (_isFile)
        {
            _tokens += Math.Max(TokensPerInlineFile, (rawLength + FileCharactersPerToken - 1) / FileCharactersPerToken);
        }
        else if (_isImage && IsDataUrl(ref reader, rawLength))
        {
            _tokens += TokensPerInlineFile;
        }
        else
        {
            AddText(ref reader);
        }
    }

    private void AddText(ref Utf8JsonReader reader)
    {
        if (vocabulary is null)
        {
            _textBytes += JsonText.DecodedBytes(ref reader);
        }
        else
        {
            _tokens += vocabulary.Count(JsonText.StringOrNull(ref reader) ?? "");
        }
    }

    private static bool IsRead(RequestMember member) =>
        member is RequestMember.Messages or RequestMember.Prompt or RequestMember.Input or RequestMember.Instructions or RequestMember.Schema;

    // What tells parts of a message apart is not shown to the model as text.
    private static bool IsLabel(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "type"u8)
        || JsonText.Is(ref reader, "id"u8)
        || JsonText.Is(ref reader, "call_id"u8)
        || JsonText.Is(ref reader, "tool_call_id"u8)
        || JsonText.Is(ref reader, "file_id"u8)
        || JsonText.Is(ref reader, "detail"u8)
        || JsonText.Is(ref reader, "status"u8);

    private static bool IsDataUrl(ref Utf8JsonReader reader, long rawLength)
    {
        Span<byte> buffer = stackalloc byte[DataUrlHeadMax];
        var length = (int)Math.Min(rawLength, DataUrlHeadMax);
        scoped ReadOnlySpan<byte> head;
        if (reader.HasValueSequence)
        {
            reader.ValueSequence.Slice(0, length).CopyTo(buffer);
            head = buffer[..length];
        }
        else
        {
            head = reader.ValueSpan[..length];
        }

        return head.StartsWith("data:"u8) && head.IndexOf(";base64,"u8) >= 0;
    }
}
