using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Relay.Silo.Hosting;

/// <summary>
/// Opens no port. A silo cannot be told to do without an endpoint, but one that is alone in its process needs none, and an open
/// one would let every user of the machine talk to it.
/// </summary>
internal sealed class ClosedListenerFactory : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new ClosedListener(endpoint));
}
