using System.Globalization;
using System.Text;

namespace Relay.Testing.Upstreams;

/// <summary>Answers for <see cref="RawUpstream"/> that no HTTP server would give.</summary>
public static class RawAnswers
{
    /// <summary>Bytes that are not HTTP.</summary>
    public static ReadOnlyMemory<byte> Garbage { get; } = "\0\u0001SSH-2.0 this is no web server\r\n\r\n"u8.ToArray();

    /// <summary>A body that ends where the connection ends, as HTTP/1.0 had it.</summary>
    public static ReadOnlyMemory<byte> CloseDelimited(string contentType, string body) =>
        Encoding.UTF8.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: {contentType}\r\n\r\n{body}");

    /// <summary>A chunked body whose head names a length too, and not the right one.</summary>
    public static ReadOnlyMemory<byte> BothLengths(string contentType, string body)
    {
        var size = Encoding.UTF8.GetByteCount(body);
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nContent-Length: {size + 5}\r\nTransfer-Encoding: chunked\r\n\r\n");
        return Encoding.UTF8.GetBytes(head + string.Create(CultureInfo.InvariantCulture, $"{size:x}\r\n{body}\r\n0\r\n\r\n"));
    }
}
