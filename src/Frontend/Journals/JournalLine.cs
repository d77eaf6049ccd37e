using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Frontend.Journals;

/// <summary>
/// One line of a journal's file: eight hex digits of a CRC-32C, a space, and JSON. It says that an entry waits, or that one no
/// longer does. People can read it; a line that was half written cannot pass for a whole one.
/// </summary>
/// <typeparam name="T">What waits.</typeparam>
/// <param name="Waits">The entry that waits from here on, or null.</param>
/// <param name="Done">The request id of the entry that waits no longer, or null.</param>
internal sealed record JournalLine<T>(T? Waits, Guid? Done)
    where T : class, IJournalEntry
{
    private const int ChecksumLength = 8;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Appends the line with its end to a buffer.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(this, Options);
        Encoding.ASCII.GetBytes(Checksum(json).ToString("x8", CultureInfo.InvariantCulture), output);
        output.Write(" "u8);
        output.Write(json);
        output.Write("\n"u8);
    }

    /// <summary>Reads a line without its end; null when it is not whole.</summary>
    public static JournalLine<T>? Read(ReadOnlySpan<byte> line)
    {
        if (line.Length <= ChecksumLength
            || line[ChecksumLength] != ' '
            || !uint.TryParse(line[..ChecksumLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var checksum)
            || Checksum(line[(ChecksumLength + 1)..]) != checksum)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<JournalLine<T>>(line[(ChecksumLength + 1)..], Options);
        }
        catch (JsonException)
        {
            // Written by a version of Relay that this one does not understand.
            return null;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }
}
