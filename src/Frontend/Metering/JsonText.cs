using System.Buffers;
using System.Text.Json;

namespace Relay.Frontend.Metering;

/// <summary>What is asked of a JSON name or string in passing; none of it allocates but what returns a text.</summary>
internal static class JsonText
{
    /// <summary>Whether the current name or string is the given text, escapes undone.</summary>
    public static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
    {
        if (!reader.HasValueSequence && !reader.ValueIsEscaped)
        {
            return reader.ValueSpan.SequenceEqual(text);
        }

        try
        {
            return reader.ValueTextEquals(text);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, written as an escape: no text at all, so not this one.
            return false;
        }
    }

    /// <summary>The current string, or null where its bytes or escapes are no valid text.</summary>
    public static string? StringOrNull(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Copies the current string as UTF-8, escapes undone, to a writer's next memory, which the caller then advances.</summary>
    /// <returns>How many bytes were copied; 0 where the string is no valid text.</returns>
    public static int CopyUtf8(ref Utf8JsonReader reader, IBufferWriter<byte> writer)
    {
        // Undoing escapes never makes a text longer.
        var room = writer.GetSpan((int)(reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length));
        try
        {
            return reader.CopyString(room);
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }

    /// <summary>The number of UTF-8 bytes of the current string, escapes undone.</summary>
    public static long DecodedBytes(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        }

        var counter = new DecodedTextCounter();
        if (!reader.HasValueSequence)
        {
            counter.Add(reader.ValueSpan);
            return counter.Bytes;
        }

        foreach (var segment in reader.ValueSequence)
        {
            counter.Add(segment.Span);
        }

        return counter.Bytes;
    }
}
