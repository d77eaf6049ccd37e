using System.Net;
using System.Net.Sockets;

namespace Relay.Testing.Upstreams;

/// <summary>
/// A TCP server that answers with whatever bytes a test gives it, for what an HTTP server refuses to say: garbage, two
/// lengths, bodies that only the connection's end delimits. It keeps no bill: the test knows what it sends.
/// </summary>
public sealed class RawUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<RawConnection, Task> _answer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;

    private RawUpstream(Func<RawConnection, Task> answer)
    {
        _answer = answer;
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The address that clients are given, with <c>/v1</c>.</summary>
    public Uri BaseUrl => new($"http://{_listener.LocalEndpoint}/v1");

    /// <summary>
    /// Starts a server that hands each connection to <paramref name="answer"/> and closes it with a FIN afterwards, if
    /// that has not ended it. What it throws is thrown by <see cref="DisposeAsync"/>, but for a lost connection.
    /// </summary>
    public static RawUpstream Start(Func<RawConnection, Task> answer) => new(answer);

    /// <summary>Starts a server that reads one request on each connection and answers it with these bytes.</summary>
    public static RawUpstream Start(ReadOnlyMemory<byte> answer) => Start(async connection =>
    {
        await connection.ReadRequestAsync();
        await connection.WriteAsync(answer);
    });

    /// <summary>Ends all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        for (var number = 0; ; number++)
        {
            try
            {
                _connections.Add(AnswerAsync(await _listener.AcceptSocketAsync(_stopping.Token), number));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(Socket socket, int number)
    {
        using var connection = new RawConnection(socket, number, _stopping.Token);
        try
        {
            await _answer(connection);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The client went, or the test is over: neither is this server's fault.
        }
    }
}
