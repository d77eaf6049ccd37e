using System.Net;
using System.Net.Sockets;

namespace Relay.Silo.Tests.Storage;

/// <summary>
/// Forwards connections to a server until a given byte from the clients, and then no more, with every connection open: to the server,
/// the clients have stopped.
/// </summary>
internal sealed class StallingGate : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closed = new();
    private readonly EndPoint _server;
    private readonly Task _accepting;
    private long _bytesLeft = long.MaxValue;

    public StallingGate(EndPoint server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The bytes from clients since <see cref="StallAfter"/>, or since the start.</summary>
    public long Bytes { get; private set; }

    /// <summary>Ends when the gate has stalled.</summary>
    public Task Stalled => _stalled.Task;

    /// <summary>Counts from here, and stalls after so many bytes.</summary>
    public void StallAfter(long bytes) => (Bytes, _bytesLeft) = (0, bytes);

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _closed.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptSocketAsync(_closed.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using (client)
        {
            using var server = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await server.ConnectAsync(_server, _closed.Token);

                // What the server closes stays open for the client, who has stopped and does not see it.
                await Task.WhenAll(SendAsync(client, server), AnswerAsync(server, client));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // One of them is gone, or the test is at its end.
            }
        }
    }

    private async Task SendAsync(Socket client, Socket server)
    {
        var buffer = new byte[4096];
        while (await client.ReceiveAsync(buffer, _closed.Token) is > 0 and var read)
        {
            var sent = (int)Math.Min(read, _bytesLeft);
            await server.SendAsync(buffer.AsMemory(0, sent), _closed.Token);
            Bytes += sent;
            _bytesLeft -= sent;
            if (_bytesLeft == 0)
            {
                _stalled.TrySetResult();
                await Task.Delay(Timeout.Infinite, _closed.Token);
            }
        }

        server.Shutdown(SocketShutdown.Send);
    }

    private async Task AnswerAsync(Socket server, Socket client)
    {
        var buffer = new byte[4096];
        while (await server.ReceiveAsync(buffer, _closed.Token) is > 0 and var read)
        {
            await client.SendAsync(buffer.AsMemory(0, read), _closed.Token);
        }
    }
}
