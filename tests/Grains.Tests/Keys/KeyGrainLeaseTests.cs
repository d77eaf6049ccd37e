using Relay.Grains.Admission;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Keys;

/// <summary>A silo that was frozen or cut off, and goes on.</summary>
public sealed class KeyGrainLeaseTests : IAsyncLifetime
{
    private readonly KeyCluster _cluster = new(SiloKind.Member);

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Expire_SiloWasFrozen_WaitsForWhatFrontendsHaveTold()
    {
        var id = await _cluster.CreateAsync(new Limit(Metric.Requests, Window.Total, 2));
        var call = await _cluster.ReserveAsync(id);

        // The deadline passes with the lease, and the timer is served before what came meanwhile.
        _cluster.Owners.BlockLeases();
        _cluster.Time.Advance(Calls.HoldTimeout);
        await _cluster.Key(id).RenewAsync([new HoldRenewal(call, Calls.Tokens(1, 1))]);
        _cluster.Owners.UnblockLeases();
        await _cluster.SettleAsync(id, call);

        var entry = Assert.Single(await _cluster.Ledger.FindAsync(call.RequestId, CancellationToken.None));
        Assert.Equal((0, Outcome.Completed), (entry.Part, entry.Settlement.Outcome));
    }
}
