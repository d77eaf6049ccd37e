using System.Text.Json;

namespace Relay.Frontend.Metering;

/// <summary>What is asked of a JSON name or string in passing; none of it allocates but <see cref="StringOrNull"/>.</summary>
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

    /// <summary>The UTF-8 bytes of the current string, escapes undone.</summary>
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
