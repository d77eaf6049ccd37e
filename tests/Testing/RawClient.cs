using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Relay.Testing;

/// <summary>A client that shows a response's bytes as they stood on the wire.</summary>
public sealed class RawClient : IDisposable
{
    private const string LastChunk = "\r\n0\r\n\r\n";

    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client;
    private readonly List<byte> _received = [];

    private RawClient(TcpClient client) => _client = client;

    /// <summary>What has come so far, read as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString([.. _received]);

    /// <summary>The status of the response.</summary>
    public int Status => int.Parse(Text.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>Whether a chunked body came to its orderly end.</summary>
    public bool EndedWell => Text.EndsWith(LastChunk, StringComparison.Ordinal);

    /// <summary>Connects.</summary>
    public static async Task<RawClient> ConnectAsync(Uri address)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        return new RawClient(client);
    }

    /// <summary>Connects and posts a body with a key.</summary>
    public static async Task<RawClient> PostAsync(RelayApplication relay, RelayKey key, string body, string headers = "", string path = "/v1/chat/completions")
    {
        var client = await ConnectAsync(relay.BaseUrl);
        await client.SendAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {key.Text}\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        return client;
    }

    /// <summary>Sends this text.</summary>
    public async Task SendAsync(string text) => await _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads until this has come; throws when the connection ends before.</summary>
    public async Task ReadUntilAsync(string text)
    {
        while (!Text.Contains(text, StringComparison.Ordinal))
        {
            if (!await FillAsync())
            {
                throw new IOException($"The connection ended before '{text}' came, after: {Text}");
            }
        }
    }

    /// <summary>Reads until the other side has closed or reset the connection.</summary>
    public async Task ReadToEndAsync()
    {
        while (await FillAsync())
        {
            // The bytes are kept.
        }
    }

    /// <summary>Leaves with a reset, as a process that is killed does.</summary>
    public void Reset()
    {
        _client.Client.LingerState = new LingerOption(enable: true, seconds: 0);
        _client.Client.Dispose();
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private async Task<bool> FillAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            var read = await _client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(WaitMax);
            _received.AddRange(buffer.AsSpan(0, read));
            return read > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
