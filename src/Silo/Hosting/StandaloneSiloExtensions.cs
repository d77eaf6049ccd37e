using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Relay.Grains;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Silo.Keys;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;

namespace Relay.Silo.Hosting;

/// <summary>Hosts a silo in the process of its caller, with no port open, its data in one folder or on a database server.</summary>
public static class StandaloneSiloExtensions
{
    /// <summary>The name of the grain storage in which grains keep their snapshots.</summary>
    public const string GrainStorageName = "usage";

    /// <summary>
    /// Adds the silo, the ledger and the directory on the database that <see cref="DatabaseOptions"/> name. The caller owns the
    /// data directory and disposes it after the host, which closes the database when it is disposed itself. The host's start
    /// throws <see cref="MigrationException"/> when the database is unfit.
    /// </summary>
    public static IHostApplicationBuilder AddStandaloneSilo(this IHostApplicationBuilder builder, DataDirectory directory)
    {
        builder.Services.AddOptions<DatabaseOptions>().BindConfiguration(DatabaseOptions.SectionName).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<DatabaseOptions>, DatabaseOptionsValidator>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => CreateDatabase(services, directory));
        builder.Services.AddHostedService<DatabaseStart>();
        builder.Services.AddSingleton<IUsageLedger, SqlUsageLedger>();
        builder.Services.AddSingleton<IKeyDirectory, SqlKeyDirectory>();
        builder.Services.AddReports();

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(gatewayPort: 0, serviceId: "relay", clusterId: "standalone");
            CloseListeners(silo.Services);
            silo.AddRelayGrains();
            silo.AddDashboardIfEnabled(builder.Configuration);
            silo.Services.AddRelayGrainStorage(GrainStorageName);
        });

        QuietCosmeticWarnings(builder.Logging);
        return builder;
    }

    private static IRelayDatabase CreateDatabase(IServiceProvider services, DataDirectory directory)
    {
        // The options are valid, or their validator would have spoken.
        var provider = services.GetRequiredService<IOptions<DatabaseOptions>>().Value.FindProvider()!.Value;
        return ServerDialects.Find(provider) is { } dialect
            ? new ServerDatabase(
                dialect,
                services.GetRequiredService<IConfiguration>().GetConnectionString(DatabaseOptions.ConnectionStringName)!,
                services.GetRequiredService<TimeProvider>())
            : new SqliteDatabase(directory);
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
