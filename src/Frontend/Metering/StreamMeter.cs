using System.Buffers;
using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>
/// Reads what is metered of one streamed answer from its events going by. It never throws: an event that cannot be
/// read is one of data that said nothing.
/// </summary>
/// <param name="shape">How the answer is built.</param>
/// <param name="choices">How many choices the call asked for; 1 or more.</param>
internal sealed class StreamMeter(AnswerShape shape = AnswerShape.Choices, int choices = 1)
{
    private static readonly JsonReaderOptions JsonOptions = new() { MaxDepth = 512 };

    private ArrayBufferWriter<byte>? _joinedLines;
    private bool _hasStarted;
    private int _finishReasons;
    private string? _responseId;

    /// <summary>The last reported usage; null if there was none, or if the last one cannot be trusted.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>The model as the upstream names it, from the first event that does.</summary>
    public string? Model { get; private set; }

    /// <summary>Whether every choice said why it ended, or usage came in an event without choices.</summary>
    /// <remarks>Usage beside choices is no sign of the end: some upstreams send it with every event.</remarks>
    public bool SawFinish { get; private set; }

    /// <summary>Whether the terminal event came: <c>[DONE]</c>, or a response that is whole, incomplete or failed.</summary>
    public bool SawDone { get; private set; }

    /// <summary>Whether an event carried an error.</summary>
    public bool SawError { get; private set; }

    /// <summary>The id of a response of which the terminal event has not come, or null.</summary>
    public string? RunningResponse => SawDone ? null : _responseId;

    /// <summary>The number of the next event, where events are numbered.</summary>
    public long NextSequence { get; private set; }

    /// <summary>The generated text so far.</summary>
    public OutputText Text { get; } = new();

    /// <summary>Reads one event, as <see cref="SseScanner"/> cuts it out of the stream.</summary>
    public SseEventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            sseEvent = sseEvent.StartsWith("\uFEFF"u8) ? sseEvent[3..] : sseEvent;
        }

        var lines = new SseLines(sseEvent);
        if (!lines.TryReadData(out var data))
        {
            return SseEventKind.Comment;
        }

        if (lines.TryReadData(out var next))
        {
            data = Join(data, next, ref lines);
        }

        data = data.Trim(" \t"u8);
        if (data.SequenceEqual("[DONE]"u8))
        {
            SawDone = true;
            return SseEventKind.Done;
        }

        try
        {
            var reader = new Utf8JsonReader(data, isFinalBlock: true, new JsonReaderState(JsonOptions));
            return shape == AnswerShape.Response ? ReadResponse(ref reader) : ReadChoices(ref reader);
        }
        catch (JsonException)
        {
            return SseEventKind.Data;
        }
    }

    private SseEventKind ReadChoices(ref Utf8JsonReader reader)
    {
        var answer = new AnswerReader(isChunk: true, wantsModel: Model is null, Text);
        while (reader.Read())
        {
            answer.Read(ref reader);
        }

        Model ??= answer.Model;
        SawError |= answer.HasError;
        _finishReasons += answer.FinishReasons;
        SawFinish |= _finishReasons >= Math.Max(choices, 1) || (answer.HasUsage && !answer.HasChoice);
        if (answer.HasUsage)
        {
            Usage = answer.Usage;
        }

        // An error is never the extra chunk: that one is dropped, and the client must see the error.
        return answer is { HasEmptyChoices: true, HasUsageObject: true, HasError: false }
            ? SseEventKind.UsageOnly
            : SseEventKind.Data;
    }

    private SseEventKind ReadResponse(ref Utf8JsonReader reader)
    {
        var answer = new ResponseEventReader(Text);
        while (reader.Read())
        {
            answer.Read(ref reader);
        }

        Model ??= answer.Model;
        _responseId ??= answer.ResponseId;
        Usage = answer.Usage ?? Usage;
        SawError |= answer.HasError;
        SawDone |= answer.IsTerminal;
        NextSequence = answer.Sequence + 1 ?? NextSequence;
        return answer.IsTerminal ? SseEventKind.Done : SseEventKind.Data;
    }

    private ReadOnlySpan<byte> Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, scoped ref SseLines lines)
    {
        _joinedLines ??= new ArrayBufferWriter<byte>();
        _joinedLines.ResetWrittenCount();
        _joinedLines.Write(first);
        do
        {
            _joinedLines.Write("\n"u8);
            _joinedLines.Write(second);
        }
        while (lines.TryReadData(out second));

        return _joinedLines.WrittenSpan;
    }
}
