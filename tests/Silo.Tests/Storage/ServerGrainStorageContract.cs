using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Hosting;

namespace Relay.Silo.Tests.Storage;

/// <summary>Orleans' own storage with our statements, beyond what every storage does.</summary>
public abstract class ServerGrainStorageContract : GrainStorageContract, IAsyncLifetime
{
    private readonly List<ServiceProvider> _silos = [];
    private IGrainStorage? _storage;
    private IGrainStorage? _otherStorage;

    private protected abstract ServerTestDatabase Database { get; }

    protected override IGrainStorage Storage => _storage!;

    protected override IGrainStorage OtherStorage => _otherStorage!;

    public async Task InitializeAsync()
    {
        await Database.EmptyAsync();
        _storage = await StartAsync(Database.One);
        _otherStorage = await StartAsync(Database.Other);
    }

    public async Task DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Write_Payload_IsJsonWithoutTypeNames()
    {
        await Storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 7 }));

        var payload = Assert.Single(await ServerTestDatabase.QueryAsync<byte[]>(Database.One, "SELECT payload FROM grain_state"));
        Assert.Equal("""{"Count":7,"Text":""}""", Encoding.UTF8.GetString(payload));
    }

    [SkippableFact]
    public async Task Write_VersionAtItsEnd_CountsOnFromOne()
    {
        var state = new GrainState<SnapshotState>(new SnapshotState { Count = 1 });
        await Storage.WriteStateAsync(StateName, Grain, state);
        await ServerTestDatabase.ExecuteAsync(Database.One, "UPDATE grain_state SET version = 2147483647");

        var read = await ReadAsync();
        read.State!.Count = 2;
        await Storage.WriteStateAsync(StateName, Grain, read);
        read.State!.Count = 3;
        await Storage.WriteStateAsync(StateName, Grain, read);

        Assert.Equal("2", read.ETag);
        Assert.Equal(3, (await ReadAsync()).State!.Count);
    }

    private async Task<IGrainStorage> StartAsync(ServerDatabase database)
    {
        var silo = new ServiceCollection()
            .AddLogging()
            .AddSerializer()
            .AddSingleton<IRelayDatabase>(database)
            .Configure<ClusterOptions>(options => options.ServiceId = "relay")
            .BuildServiceProvider();
        _silos.Add(silo);
        var storage = (AdoNetGrainStorage)silo.CreateGrainStorage("usage");
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        storage.Participate(lifecycle);
        await lifecycle.OnStart();
        return storage;
    }
}
