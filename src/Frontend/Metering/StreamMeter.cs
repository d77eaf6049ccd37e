using System.Buffers;
using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>
/// Reads what is metered of one streamed answer from its events going by. It never throws: an event that cannot be
/// read is one of data that said nothing.
/// </summary>
/// <param name="choices">How many choices the call asked for; 1 or more.</param>
internal sealed class StreamMeter(int choices = 1)
{
    private static readonly JsonReaderOptions JsonOptions = new() { MaxDepth = 512 };

    private ArrayBufferWriter<byte>? _joinedLines;
    private bool _hasStarted;
    private int _finishReasons;

    /// <summary>The last reported usage; null if there was none, or if the last one cannot be trusted.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>The model as the upstream names it, from the first event that does.</summary>
    public string? Model { get; private set; }

    /// <summary>Whether every choice said why it ended, or usage came in an event without choices.</summary>
    /// <remarks>Usage beside choices is no sign of the end: some upstreams send it with every event.</remarks>
    public bool SawFinish { get; private set; }

    /// <summary>Whether <c>[DONE]</c> came.</summary>
    public bool SawDone { get; private set; }

    /// <summary>Whether an event carried an error.</summary>
    public bool SawError { get; private set; }

    /// <summary>The UTF-8 bytes of generated text so far, JSON escapes undone.</summary>
    public long OutputTextBytes { get; private set; }

    /// <summary>How many events carried generated text.</summary>
    public long EventsWithContent { get; private set; }

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

        return ReadJson(data);
    }

    private SseEventKind ReadJson(ReadOnlySpan<byte> data)
    {
        var answer = new AnswerReader(isChunk: true, wantsModel: Model is null);
        try
        {
            var reader = new Utf8JsonReader(data, isFinalBlock: true, new JsonReaderState(JsonOptions));
            while (reader.Read())
            {
                answer.Read(ref reader);
            }
        }
        catch (JsonException)
        {
            return SseEventKind.Data;
        }

        Model ??= answer.Model;
        SawError |= answer.HasError;
        _finishReasons += answer.FinishReasons;
        SawFinish |= _finishReasons >= Math.Max(choices, 1) || (answer.HasUsage && !answer.HasChoice);
        OutputTextBytes += answer.OutputTextBytes;
        EventsWithContent += answer.OutputTextBytes > 0 ? 1 : 0;
        if (answer.HasUsage)
        {
            Usage = answer.Usage;
        }

        // An error is never the extra chunk: that one is dropped, and the client must see the error.
        return answer is { HasEmptyChoices: true, HasUsageObject: true, HasError: false }
            ? SseEventKind.UsageOnly
            : SseEventKind.Data;
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
