using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests;

/// <summary>Relay before a scripted upstream, shared by the tests of a class, which run one after another; each takes a key of its own.</summary>
public sealed class RelayFixture : IAsyncLifetime
{
    public FakeUpstream Upstream { get; private set; } = null!;

    public RelayApplication Relay { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Upstream = await FakeUpstream.StartAsync();
        Relay = await RelayApplication.StartAsync(Upstream.BaseUrl);
    }

    public async Task DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    /// <summary>A new caller with a key of its own.</summary>
    public Task<RelayCaller> NewCallerAsync(params KeyLimit[] limits) => RelayCaller.NewAsync(Relay, Upstream, limits);
}
