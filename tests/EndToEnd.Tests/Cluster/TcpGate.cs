using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>
/// Forwards connections from one address to another, until it is shut: then nothing passes any more in either direction, and nobody
/// is told, as when a cable is pulled. Opened again, it drops what had hung.
/// </summary>
internal sealed class TcpGate : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly EndPoint _target;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ConcurrentDictionary<Socket, byte> _sockets = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _shut;

    /// <summary>Opens a gate.</summary>
    public TcpGate(IPEndPoint from, EndPoint target)
    {
        _target = target;
        _listener = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(from);
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The port at which it takes connections.</summary>
    public int Port { get; }

    /// <summary>Lets nothing through.</summary>
    public void Shut() => _shut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets new connections through, and cuts the old ones.</summary>
    public void Open()
    {
        foreach (var socket in _sockets.Keys)
        {
            socket.Close(0);
        }

        var shut = _shut;
        _shut = null;
        shut?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _listener.Close();
        Open();
        await _accepting;
        _disposed.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                running.Add(ForwardAsync(await _listener.AcceptAsync(_disposed.Token)));
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using var server = new Socket(
            _target.AddressFamily, SocketType.Stream, _target.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        _sockets[client] = 0;
        _sockets[server] = 0;
        try
        {
            await PassAsync();
            await server.ConnectAsync(_target, _disposed.Token);
            await Task.WhenAny(CopyAsync(client, server), CopyAsync(server, client));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two is gone; the other is told below.
        }
        finally
        {
            _sockets.TryRemove(client, out _);
            _sockets.TryRemove(server, out _);
            client.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None, _disposed.Token) is var count and > 0)
            {
                await PassAsync();
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, _disposed.Token);
                }
            }

            // Whoever hung up while the gate is shut is not heard of either.
            await PassAsync();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await PassAsync();
        }
    }

    private Task PassAsync() => _shut?.Task ?? Task.CompletedTask;
}
