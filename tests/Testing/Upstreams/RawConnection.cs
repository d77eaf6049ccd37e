using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Relay.Testing.Upstreams;

/// <summary>One client's connection to a <see cref="RawUpstream"/>, with no idea of HTTP but for reading requests.</summary>
public sealed class RawConnection : IDisposable
{
    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly CancellationToken _stopping;
    private readonly List<byte> _unread = [];
    private int _requests;

    internal RawConnection(Socket socket, int number, CancellationToken stopping)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _stopping = stopping;
        Number = number;
    }

    /// <summary>The place in the order of connecting, from 0.</summary>
    public int Number { get; }

    /// <summary>Reads a whole request; throws <see cref="IOException"/> if the client goes before its end.</summary>
    public async Task<UpstreamRequest> ReadRequestAsync()
    {
        var request = await ReadHeadAsync();
        return request with { Body = await ReadBodyAsync(request) };
    }

    /// <summary>Reads a request up to its body, which stays unread.</summary>
    public async Task<UpstreamRequest> ReadHeadAsync()
    {
        var first = (await ReadLineAsync()).Split(' ');
        var headers = new List<KeyValuePair<string, string>>();
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        var target = first[1].Split('?', 2);
        return new UpstreamRequest
        {
            Number = _requests++,
            Method = first[0],
            Path = target[0],
            Query = target.Length > 1 ? "?" + target[1] : "",
            Headers = headers,
            Body = Array.Empty<byte>(),
        };
    }

    /// <summary>Sends these bytes.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes, _stopping);

    /// <summary>Sends this text as UTF-8.</summary>
    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends a FIN; the client's bytes can still be read.</summary>
    public void Finish() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Resets the connection.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    /// <summary>Waits until the client has closed or reset the connection; what it still sends is dropped.</summary>
    public async Task ClientClosedAsync()
    {
        try
        {
            while (await FillAsync())
            {
                _unread.Clear();
            }
        }
        catch (IOException)
        {
            // A reset is a way of closing too.
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _stream.Dispose();

    private async Task<byte[]> ReadBodyAsync(UpstreamRequest request)
    {
        if (request.Header("content-length") is { } length)
        {
            return await ReadExactlyAsync(int.Parse(length, CultureInfo.InvariantCulture));
        }

        if (request.Header("transfer-encoding") is null)
        {
            return [];
        }

        var body = new ArrayBufferWriter<byte>();
        while (int.Parse(await ReadLineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var size and > 0)
        {
            body.Write(await ReadExactlyAsync(size));
            await ReadLineAsync();
        }

        await ReadLineAsync();
        return body.WrittenSpan.ToArray();
    }

    private async Task<string> ReadLineAsync()
    {
        int end;
        while ((end = CollectionsMarshal.AsSpan(_unread).IndexOf(LineEnd)) < 0)
        {
            await FillOrThrowAsync();
        }

        var line = Encoding.ASCII.GetString(await ReadExactlyAsync(end + LineEnd.Length));
        return line[..end];
    }

    private async Task<byte[]> ReadExactlyAsync(int count)
    {
        while (_unread.Count < count)
        {
            await FillOrThrowAsync();
        }

        var bytes = _unread.GetRange(0, count).ToArray();
        _unread.RemoveRange(0, count);
        return bytes;
    }

    private async Task FillOrThrowAsync()
    {
        if (!await FillAsync())
        {
            throw new IOException("The client closed the connection within a request.");
        }
    }

    private async Task<bool> FillAsync()
    {
        var buffer = new byte[4096];
        var read = await _stream.ReadAsync(buffer, _stopping);
        _unread.AddRange(buffer.AsSpan(0, read));
        return read > 0;
    }
}
