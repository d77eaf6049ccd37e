using Microsoft.Extensions.DependencyInjection;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Silo.Tests.Ledger;
using Relay.Silo.Tests.Storage;
using static Relay.Silo.Tests.Storage.ServerTestDatabase;

namespace Relay.Silo.Tests.Hosting;

/// <summary>Real hosts whose data is on PostgreSQL.</summary>
[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlSiloTests(PostgreSqlTestDatabase fixture) : IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime, IDisposable
{
    private const string Key = "key_0000000000000001";

    private readonly TemporaryDirectory _folder = new();

    // Of its own: another run on this machine has the same ports.
    private readonly string _address = $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(256)}.{Random.Shared.Next(1, 255)}";

    public Task InitializeAsync() => fixture.Database.DropTablesAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Stop_ThenStartAgain_KeepsEverythingAndNoFile()
    {
        var entry = UsageEntries.Entry(Key, 1);
        await using (var host = await StartAsync())
        {
            await host.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync();
            await host.Services.GetRequiredService<IUsageLedger>().AppendAsync([entry], default);
            await host.Services.GetRequiredService<IKeyDirectory>().InsertAsync(Keys.KeyDirectoryContract.Settings(Key, "ann"), default);
        }

        await using var again = await StartAsync();

        Assert.Equal(2, await again.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync());
        Assert.Equal([entry], await again.Services.GetRequiredService<IUsageLedger>().ReadTailAsync(Key, 0, default));
        Assert.True(await again.Services.GetRequiredService<IKeyDirectory>().UserExistsAsync("ann", default));
        Assert.False(File.Exists(_folder["data/relay.db"]));
    }

    [SkippableFact]
    public async Task Stop_GrainWithSomethingUnsaved_SavesItBeforeTheDatabaseCloses()
    {
        await using (var host = await StartAsync())
        {
            await host.Grains.GetGrain<ISnapshotGrain>("k:x").SetUnsavedAsync(42);
        }

        await using var again = await StartAsync();
        Assert.Equal(42, await again.Grains.GetGrain<ISnapshotGrain>("k:x").GetAsync());
    }

    [SkippableFact]
    public async Task Write_RowChangedBehindTheActivation_ThrowsOnceAndThenCountsOn()
    {
        await using var host = await StartAsync();
        var grain = host.Grains.GetGrain<ISnapshotGrain>("k:x");
        await grain.IncrementAsync();
        await ExecuteAsync(fixture.Database.Create(), "UPDATE grain_state SET version = version + 1, payload = '{\"Count\":100}'");

        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(grain.IncrementAsync);

        // Orleans drops the activation that lost, and the next call loads what the other wrote.
        Assert.Equal(101, await grain.IncrementAsync());
    }

    private Task<StandaloneHost> StartAsync() => StandaloneHost.StartAsync(
        _folder["data"],
        logs: null,
        KeyValuePair.Create("Relay:Cluster:Address", (string?)_address),
        KeyValuePair.Create("Relay:Database:Provider", (string?)"PostgreSql"),
        KeyValuePair.Create("ConnectionStrings:Relay", (string?)fixture.Database.ConnectionString));
}
