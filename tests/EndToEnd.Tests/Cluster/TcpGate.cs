using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>
/// Forwards connections from one address to another, until it is shut: then nothing passes any more in either direction, and nobody
/// is told, as when a cable is pulled. Opened again, it drops what had hung. It can be shut for one silo alone: a silo says its own
/// address in the first bytes that it sends, as the four bytes of it.
/// </summary>
internal sealed class TcpGate : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly EndPoint _target;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ConcurrentDictionary<Socket, byte> _sockets = new();
    private readonly Task _accepting;
    private volatile Barrier? _shut;

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
    public void Shut() => _shut = new Barrier(From: null);

    /// <summary>Lets nothing through of one silo's connections, those of now and those to come; it must not be the one behind the gate.</summary>
    public void ShutFor(IPAddress silo) => _shut = new Barrier(silo.GetAddressBytes());

    /// <summary>Lets new connections through, and cuts the old ones.</summary>
    public void Open()
    {
        foreach (var socket in _sockets.Keys)
        {
            socket.Close(0);
        }

        var shut = _shut;
        _shut = null;
        shut?.Opened.SetResult();
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
        var connection = new Connection();
        try
        {
            await PassAsync(connection);
            await server.ConnectAsync(_target, _disposed.Token);
            await Task.WhenAny(CopyAsync(client, server, connection, isClient: true), CopyAsync(server, client, connection, isClient: false));
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

    private async Task CopyAsync(Socket from, Socket to, Connection connection, bool isClient)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None, _disposed.Token) is var count and > 0)
            {
                if (isClient)
                {
                    connection.First ??= buffer[..count];
                }

                await PassAsync(connection);
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, _disposed.Token);
                }
            }

            // Whoever hung up while the gate is shut is not heard of either.
            await PassAsync(connection);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await PassAsync(connection);
        }
    }

    private Task PassAsync(Connection connection) => _shut is { } shut && shut.Holds(connection) ? shut.Opened.Task : Task.CompletedTask;

    /// <summary>What is known of a connection.</summary>
    private sealed class Connection
    {
        /// <summary>The first bytes that its client sent; null before it has.</summary>
        public volatile byte[]? First;
    }

    /// <summary>A gate that is shut, for the connections that begin with this address or for all.</summary>
    private sealed record Barrier(byte[]? From)
    {
        public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Holds(Connection connection) => From is null || (connection.First is { } first && first.AsSpan().IndexOf(From) >= 0);
    }
}
