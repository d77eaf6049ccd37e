using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Relay.Silo.Storage;

/// <summary>Gives grains their storage, in the database that the settings name.</summary>
internal static class GrainStorageExtensions
{
    /// <summary>Adds the storage of that name, and lets it start and stop with the silo.</summary>
    public static void AddRelayGrainStorage(this IServiceCollection services, string name)
    {
        services.AddGrainStorage(name, static (provider, storageName) => provider.CreateGrainStorage(storageName));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            provider => new GrainStorageLifecycle(provider.GetRequiredKeyedService<IGrainStorage>(name)));
    }

    /// <summary>Makes the storage of that name: our own on SQLite, Orleans' ADO.NET provider on a server.</summary>
    public static IGrainStorage CreateGrainStorage(this IServiceProvider services, string name) =>
        services.GetRequiredService<IRelayDatabase>() switch
        {
            SqliteDatabase sqlite => new SqliteGrainStorage(sqlite, new JsonGrainStateSerializer()),
            ServerDatabase server => new AdoNetGrainStorage(
                services.GetRequiredService<IActivatorProvider>(),
                services.GetRequiredService<ILogger<AdoNetGrainStorage>>(),
                Options.Create(new AdoNetGrainStorageOptions
                {
                    Invariant = server.OrleansInvariant,
                    ConnectionString = server.ConnectionString,
                    GrainStorageSerializer = new JsonGrainStateSerializer(),
                }),
                services.GetRequiredService<IOptions<ClusterOptions>>(),
                name),
            var other => throw new NotSupportedException($"Grains cannot keep their state in {other.GetType().Name}."),
        };
}
