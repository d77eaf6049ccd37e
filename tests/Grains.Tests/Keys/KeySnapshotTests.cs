namespace Relay.Grains.Tests.Keys;

/// <summary>How often a busy key saves its counts.</summary>
public sealed class KeySnapshotTests : IAsyncLifetime
{
    private const int Seconds = 5;

    private readonly KeyCluster _cluster = new() { SnapshotSeconds = Seconds };

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Settle_ManyInNoTime_SavesOnceInThatManySeconds()
    {
        var id = await _cluster.CreateAsync();
        await SettleAsync(id, 4);
        Assert.Equal(1, await SavesAsync(id));

        await SettleAsync(id, 8);
        Assert.Equal(1, await SavesAsync(id));

        _cluster.Time.Advance(TimeSpan.FromSeconds(Seconds));
        await SettleAsync(id, 1);
        Assert.Equal(2, await SavesAsync(id));
    }

    private async Task SettleAsync(string id, int calls)
    {
        for (var call = 0; call < calls; call++)
        {
            await _cluster.SettleAsync(id, await _cluster.ReserveAsync(id));
        }
    }

    /// <summary>How often it has saved, once every save that has begun is over: the grain saves in a turn before the one that answers this.</summary>
    private async Task<int> SavesAsync(string id)
    {
        await _cluster.TotalsAsync(id);
        return _cluster.Snapshots.Count;
    }
}
