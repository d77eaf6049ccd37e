using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>Reads what is metered of one response of the Responses API, token by token. Everything else goes by unseen.</summary>
/// <param name="depth">The depth of the response's own start token: 0 of a body, 1 inside an event.</param>
/// <param name="text">Takes the text of the output; null where it came before, in events of its own.</param>
internal struct ResponseReader(int depth, OutputText? text)
{
    // Longer ones are no ids, but something to fill the memory with.
    private const int IdBytesMax = 512;

    private Member _member;
    private bool _isText;
    private bool _isInUsage;
    private long _items;
    private UsageReader _usage;

    private enum Member
    {
        Other,
        Id,
        Status,
        Model,
        Usage,
        Output,
    }

    /// <summary>The response's id, or null.</summary>
    public string? Id { get; private set; }

    /// <summary>How far the response says that it is.</summary>
    public ResponseProgress Progress { get; private set; }

    /// <summary>The model's name, or null.</summary>
    public string? Model { get; private set; }

    /// <summary>The reported counts; null if there are none, or if they cannot be trusted.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>Takes the next token inside the response.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        var level = reader.CurrentDepth - depth;
        if (_isInUsage)
        {
            ReadUsage(ref reader, level);
        }
        else if (reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadName(ref reader, level);
        }
        else if (level == 1)
        {
            ReadTop(ref reader);
        }
        else if (_member == Member.Output)
        {
            ReadOutput(ref reader, level);
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader, int level)
    {
        if (reader.TokenType != JsonTokenType.EndObject || level != 1)
        {
            _usage.Read(ref reader);
            return;
        }

        _isInUsage = false;
        Usage = _usage.Usage;
    }

    private void ReadName(ref Utf8JsonReader reader, int level)
    {
        if (level == 1)
        {
            _member = JsonText.Is(ref reader, "output"u8) ? Member.Output
                : JsonText.Is(ref reader, "usage"u8) ? Member.Usage
                : JsonText.Is(ref reader, "model"u8) ? Member.Model
                : JsonText.Is(ref reader, "status"u8) ? Member.Status
                : JsonText.Is(ref reader, "id"u8) ? Member.Id
                : Member.Other;
        }
        else if (_member == Member.Output)
        {
            _isText = IsText(ref reader);
        }
    }

    private void ReadTop(ref Utf8JsonReader reader)
    {
        if (_member == Member.Usage && reader.TokenType == JsonTokenType.StartObject)
        {
            _isInUsage = true;
            _usage = new UsageReader(depth + 1);
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            ReadText(ref reader);
        }
    }

    private void ReadText(ref Utf8JsonReader reader)
    {
        switch (_member)
        {
            case Member.Model:
                Model = JsonText.StringOrNull(ref reader) is { Length: > 0 } model ? model : null;
                break;
            case Member.Id when JsonText.DecodedBytes(ref reader) <= IdBytesMax:
                Id = JsonText.StringOrNull(ref reader) is { Length: > 0 } id ? id : null;
                break;
            case Member.Status:
                Progress = ProgressOf(ref reader);
                break;
        }
    }

    private static ResponseProgress ProgressOf(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "queued"u8) || JsonText.Is(ref reader, "in_progress"u8) ? ResponseProgress.Running
        : JsonText.Is(ref reader, "completed"u8) || JsonText.Is(ref reader, "incomplete"u8)
            || JsonText.Is(ref reader, "failed"u8) || JsonText.Is(ref reader, "cancelled"u8) ? ResponseProgress.Over
        : ResponseProgress.Unsaid;

    private void ReadOutput(ref Utf8JsonReader reader, int level)
    {
        if (level == 2 && reader.TokenType == JsonTokenType.StartObject)
        {
            _items++;
        }
        else if (_isText && reader.TokenType == JsonTokenType.String)
        {
            text?.Add(OutputTextKind.Said, _items - 1, ref reader);
        }
    }

    // What a model says, reasons, refuses with or calls; ids, types and quotations were not generated.
    private static bool IsText(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "text"u8)
        || JsonText.Is(ref reader, "arguments"u8)
        || JsonText.Is(ref reader, "name"u8)
        || JsonText.Is(ref reader, "refusal"u8)
        || JsonText.Is(ref reader, "input"u8)
        || JsonText.Is(ref reader, "code"u8)
        || JsonText.Is(ref reader, "transcript"u8);
}
