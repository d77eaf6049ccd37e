using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Relay.Testing.Upstreams;

/// <summary>
/// Puts an answer on the wire as its script says. The server is set up so that a flush ends only when the kernel has the
/// bytes, so that a cut comes after what was sent before it.
/// </summary>
internal sealed class AnswerWriter(HttpContext context, UpstreamScript script, CancellationToken stopping) : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended =
        CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);

    private GZipStream? _gzip;

    /// <summary>Whether the script itself ended the connection.</summary>
    public bool WasCut { get; private set; }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, string contentType)
    {
        _ended.Token.ThrowIfCancellationRequested();
        if (!context.Response.HasStarted)
        {
            Start(script.Status, contentType);
            await context.Response.StartAsync(_ended.Token);
        }

        var body = _gzip ?? context.Response.Body;
        do
        {
            var piece = bytes[..Math.Min(bytes.Length, script.PieceBytesMax)];
            bytes = bytes[piece.Length..];
            await body.WriteAsync(piece, _ended.Token);
            await body.FlushAsync(_ended.Token);
        }
        while (!bytes.IsEmpty);
    }

    public Task WriteEventAsync(string data) => WriteAsync(
        Encoding.UTF8.GetBytes($"data: {data}{script.LineEnd}{script.LineEnd}"), "text/event-stream; charset=utf-8");

    public async Task WriteWholeAsync(ReadOnlyMemory<byte> bytes, int status)
    {
        _ended.Token.ThrowIfCancellationRequested();
        if (!context.Response.HasStarted)
        {
            Start(status, "application/json");
            context.Response.ContentLength ??= script.Gzips ? null : bytes.Length;
            await context.Response.StartAsync(_ended.Token);
        }

        if (!bytes.IsEmpty)
        {
            await WriteAsync(bytes, "application/json");
        }
    }

    public Task WaitForAsync(Task gate) => gate.WaitAsync(_ended.Token);

    public void CutByFin()
    {
        WasCut = true;
        Socket.Shutdown(SocketShutdown.Send);
    }

    public void CutByReset()
    {
        WasCut = true;
        Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        Socket.Dispose();
    }

    /// <summary>
    /// Waits until the client has closed a connection that was cut: the server's own end of a broken answer is a reset,
    /// which could overtake the FIN.
    /// </summary>
    public Task WaitForCloseAsync() => WaitForAsync(new TaskCompletionSource().Task);

    public async ValueTask DisposeAsync()
    {
        if (_gzip is not null && !WasCut && !_ended.IsCancellationRequested)
        {
            await _gzip.DisposeAsync();
        }

        _ended.Dispose();
    }

    private Socket Socket => context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;

    private void Start(int status, string contentType)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        foreach (var (name, value) in FakeUpstream.Headers)
        {
            response.Headers[name] = value;
        }

        foreach (var header in script.Headers.GroupBy(header => header.Key, StringComparer.OrdinalIgnoreCase))
        {
            response.Headers[header.Key] = header.Select(line => line.Value).ToArray();
        }

        if (script.Gzips)
        {
            response.Headers.ContentEncoding = "gzip";
            _gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        }
    }
}
