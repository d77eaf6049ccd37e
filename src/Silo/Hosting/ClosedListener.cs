using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Relay.Silo.Hosting;

/// <summary>Accepts nothing until it is unbound.</summary>
internal sealed class ClosedListener(EndPoint endPoint) : IConnectionListener
{
    private readonly TaskCompletionSource<ConnectionContext?> _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EndPoint EndPoint { get; } = endPoint;

    // Null says that no connection will come any more.
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _unbound.Task.WaitAsync(cancellationToken);

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _unbound.TrySetResult(null);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}
