using System.Collections.Immutable;
using Relay.Grains.Models;

namespace Relay.Silo.Models;

/// <summary>Reads tables of prices.</summary>
internal static class PriceFile
{
    /// <summary>The table that Relay has itself.</summary>
    public static PriceTable BuiltIn { get; } = ReadBuiltIn();

    /// <summary>Reads a file: the table and the bytes that it was made of, or what is wrong.</summary>
    public static (PriceTable? Table, byte[] Bytes, ImmutableArray<string> Faults) Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = ReadBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, [], ["it cannot be read; see that it is there, and that Relay may read it."]);
        }

        if (bytes.Length > PriceFileReader.BytesMax)
        {
            return (null, [], [$"it is larger than {PriceFileReader.BytesMax} bytes."]);
        }

        var (table, faults) = PriceFileReader.Read(bytes);
        return (table, bytes, faults);
    }

    /// <summary>At most one byte more than a file may have.</summary>
    private static byte[] ReadBytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[Math.Min(file.Length, PriceFileReader.BytesMax) + 1];
        var read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return buffer[..read];
    }

    private static PriceTable ReadBuiltIn()
    {
        using var resource = typeof(PriceFile).Assembly.GetManifestResourceStream("prices.json")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        var (table, faults) = PriceFileReader.Read(bytes);
        return table ?? throw new InvalidDataException($"Relay's own prices are not right: {string.Join(' ', faults)}");
    }
}
