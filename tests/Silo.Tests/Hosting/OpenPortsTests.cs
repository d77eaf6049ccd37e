using System.Net;
using System.Net.Sockets;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Hosting;

/// <summary>Looks at the whole process, so that no test that opens a port may run beside it.</summary>
[Collection(AloneGroup.Name)]
public sealed class OpenPortsTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_Always_OpensNoPort()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            // The probe sees a listener when there is one.
            var before = ListeningSockets.OfThisProcess();
            listener.Start();
            Assert.Equal(before.Count + 1, ListeningSockets.OfThisProcess().Count);
        }

        await using var host = await StandaloneHost.StartAsync(_folder["one"]);
        Assert.Equal(1, await host.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync());

        Assert.Empty(ListeningSockets.OfThisProcess());
    }
}
