using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Relay.Frontend.Metering;

/// <summary>
/// The text that an answer generated, kept for a tokenizer in case the upstream reports no usage: the first part up to a
/// bound, and the size of it all. Texts that go on side by side, as several choices of a stream do, are kept apart.
/// </summary>
/// <param name="keptBytesMax">The most that is kept, in UTF-8 bytes.</param>
/// <param name="keptBytesFirst">What room each text begins with, in bytes: more than most pieces of it, where it comes in pieces.</param>
internal sealed class OutputText(int keptBytesMax = OutputText.KeptBytesDefault, int keptBytesFirst = 512)
{
    private const int KeptBytesDefault = 1024 * 1024;

    // No call asks for so many choices; an upstream that numbers them so must not fill the memory.
    private const int PlacesMax = 1024;

    private const int Kinds = (int)OutputTextKind.ReasoningContent + 1;

    // By place, and within a place by kind. Most answers have one text.
    private KeyValuePair<long, ArrayBufferWriter<byte>>? _first;
    private Dictionary<long, ArrayBufferWriter<byte>>? _others;
    private InlineArray4<long> _bytes;
    private int _keptBytes;

    /// <summary>All of it, in UTF-8 bytes with JSON escapes undone. Of reasoning under two names, the longer counts.</summary>
    public long Bytes => BytesOf(OutputTextKind.Said) + BytesOf(OutputTextKind.Called)
        + Math.Max(BytesOf(OutputTextKind.Reasoning), BytesOf(OutputTextKind.ReasoningContent));

    /// <summary>What was kept of that, text by text.</summary>
    public IEnumerable<string> Kept
    {
        get
        {
            var twin = BytesOf(OutputTextKind.Reasoning) >= BytesOf(OutputTextKind.ReasoningContent)
                ? OutputTextKind.ReasoningContent
                : OutputTextKind.Reasoning;
            return All.Where(text => text.Key % Kinds != (int)twin).Select(text => Encoding.UTF8.GetString(text.Value.WrittenSpan));
        }
    }

    /// <summary>Takes the string on which the reader stands.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="place">Which of the texts side by side it goes on with, from 0.</param>
    /// <param name="reader">Stands on a string.</param>
    public void Add(OutputTextKind kind, long place, ref Utf8JsonReader reader)
    {
        var bytes = JsonText.DecodedBytes(ref reader);
        _bytes[(int)kind] += bytes;
        if (bytes == 0 || _keptBytes >= keptBytesMax)
        {
            return;
        }

        var key = ((place is >= 0 and < PlacesMax ? place : 0) * Kinds) + (int)kind;
        var kept = KeptOf(key) ?? Keep(key, (int)Math.Clamp(bytes, Math.Min(keptBytesFirst, keptBytesMax), keptBytesMax));
        var length = Math.Min(JsonText.CopyUtf8(ref reader, kept), keptBytesMax - _keptBytes);
        kept.Advance(length);
        _keptBytes += length;
    }

    /// <summary>Takes so many bytes of text that nothing is known of.</summary>
    public void AddUnread(long bytes) => _bytes[(int)OutputTextKind.Said] += bytes;

    private IEnumerable<KeyValuePair<long, ArrayBufferWriter<byte>>> All =>
        _first is { } first ? (_others ?? []).Prepend(first) : [];

    private ArrayBufferWriter<byte>? KeptOf(long key) => _first?.Key == key ? _first?.Value : _others?.GetValueOrDefault(key);

    private ArrayBufferWriter<byte> Keep(long key, int bytes)
    {
        // It doubles when it is full, so that few events need memory of their own, and a short answer keeps little.
        var kept = new ArrayBufferWriter<byte>(bytes);
        if (_first is null)
        {
            _first = KeyValuePair.Create(key, kept);
        }
        else
        {
            (_others ??= []).Add(key, kept);
        }

        return kept;
    }

    private long BytesOf(OutputTextKind kind) => _bytes[(int)kind];
}
