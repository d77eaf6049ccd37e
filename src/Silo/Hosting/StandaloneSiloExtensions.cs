using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Hosting;
using Relay.Grains;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Silo.Keys;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;

namespace Relay.Silo.Hosting;

/// <summary>Hosts a silo in the process of its caller, with all its data in one folder and no port open.</summary>
public static class StandaloneSiloExtensions
{
    /// <summary>The name of the grain storage in which grains keep their snapshots.</summary>
    public const string GrainStorageName = "usage";

    /// <summary>
    /// Adds the silo, the ledger and the directory on SQLite. The caller owns the data directory and disposes it after the
    /// host, which closes the database when it is disposed itself. The host's start throws <see cref="MigrationException"/>
    /// when the database is unfit.
    /// </summary>
    public static IHostApplicationBuilder AddStandaloneSilo(this IHostApplicationBuilder builder, DataDirectory directory)
    {
        builder.Services.AddSingleton(_ => new SqliteDatabase(directory));
        builder.Services.AddHostedService<DatabaseStart>();
        builder.Services.AddSingleton<IUsageLedger, SqlUsageLedger>();
        builder.Services.AddSingleton<IKeyDirectory, SqlKeyDirectory>();

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(gatewayPort: 0, serviceId: "relay", clusterId: "standalone");
            CloseListeners(silo.Services);
            silo.AddRelayGrains();
            silo.Services.AddGrainStorage(GrainStorageName, (services, _) =>
                new SqliteGrainStorage(services.GetRequiredService<SqliteDatabase>(), new JsonGrainStateSerializer()));
        });

        QuietCosmeticWarnings(builder.Logging);
        return builder;
    }

    // Orleans keeps the keys of its two registrations to itself, so they are taken from the registrations.
    private static void CloseListeners(IServiceCollection services)
    {
        var listeners = services
            .Where(service => service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory))
            .ToList();
        foreach (var listener in listeners)
        {
            services.Replace(ServiceDescriptor.KeyedSingleton<IConnectionListenerFactory>(
                listener.ServiceKey, new ClosedListenerFactory()));
        }
    }

    private static void QuietCosmeticWarnings(ILoggingBuilder logging)
    {
        // Compares its first check with the machine's start, and so complains at each start of a silo.
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);

        // Recommends the server's garbage collector, which a small gateway is better without. The pattern matches this one
        // category: without the star it would match every category that begins so.
        logging.AddFilter("Orleans.Runtime.Silo*.Silo", LogLevel.Error);
    }
}
