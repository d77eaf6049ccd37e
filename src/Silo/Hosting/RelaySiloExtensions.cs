using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Grains;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Silo.Accounts;
using Relay.Silo.Allotments;
using Relay.Silo.Clustering;
using Relay.Silo.Dashboard;
using Relay.Silo.Keys;
using Relay.Silo.Ledger;
using Relay.Silo.Models;
using Relay.Silo.Ownership;
using Relay.Silo.Storage;
using Relay.Silo.Warnings;

namespace Relay.Silo.Hosting;

/// <summary>Hosts a silo in the process of its caller.</summary>
public static class RelaySiloExtensions
{
    /// <summary>The name of the grain storage in which grains keep their snapshots.</summary>
    public const string GrainStorageName = "usage";

    /// <summary>
    /// Adds the silo, the ledger and the directory on the database that <see cref="DatabaseOptions"/> name. On SQLite it is alone and
    /// opens no port; on a server it is a member of the cluster that <see cref="MembershipOptions"/> name. The host's start throws
    /// <see cref="MigrationException"/> when the database is unfit.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="directory">
    /// Where SQLite's file is; null when there must be a server. The caller owns it and disposes it after the host, which closes the
    /// database when it is disposed itself.
    /// </param>
    public static IHostApplicationBuilder AddRelaySilo(this IHostApplicationBuilder builder, DataDirectory? directory)
    {
        var services = builder.Services;
        builder.AddDatabaseSettings();
        builder.AddClusterSettings();
        services.AddSettingsCheck<QuotaOptions>(QuotaOptions.SectionName);
        services.AddSingleton<IValidateOptions<QuotaOptions>, HoldTimeoutValidator>();
        services.AddSettingsCheck<LedgerOptions>(LedgerOptions.SectionName);
        services.AddSettingsCheck<ReportOptions>(ReportOptions.SectionName);
        services.AddSettingsCheck<PriceOptions>(PriceOptions.SectionName);
        services.AddSettingsCheck<WarningOptions>(WarningOptions.SectionName);
        services.AddSettingsCheck<DashboardOptions>(DashboardOptions.SectionName);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => CreateDatabase(provider, directory, lane: null));
        services.AddHostedService<DatabaseStart>();
        services.AddSingleton<IUsageLedger, SqlUsageLedger>();
        services.AddSingleton<IKeyDirectory, SqlKeyDirectory>();
        services.AddReports();
        services.AddPrices();
        services.AddSingleton<IAllotmentStore, SqlAllotmentStore>();
        services.AddLimitWarnings();

        var isAlone = DatabaseSettings.ServerOf(builder.Configuration) is null;
        if (!isAlone)
        {
            services.AddKeyedSingleton(LeaseLane, (provider, _) => CreateDatabase(provider, directory, LeaseLane));
        }

        IRelayDatabase LeasesOf(IServiceProvider provider) =>
            isAlone ? provider.GetRequiredService<IRelayDatabase>() : provider.GetRequiredKeyedService<IRelayDatabase>(LeaseLane);
        services.AddSingleton(provider => new SqlKeyOwners(
            provider.GetRequiredService<IRelayDatabase>(), LeasesOf(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IAccountDirectory>(provider => new SqlAccountDirectory(
            provider.GetRequiredService<IRelayDatabase>(), LeasesOf(provider)));
        services.AddSingleton<IKeyOwners>(provider => provider.GetRequiredService<SqlKeyOwners>());
        builder.UseOrleans(silo =>
        {
            if (isAlone)
            {
                silo.UseLocalhostClustering(gatewayPort: 0, serviceId: "relay", clusterId: "standalone");
                CloseListeners(silo.Services);
            }
            else
            {
                silo.JoinRelayCluster(builder.Configuration);
            }

            silo.AddDashboardIfEnabled(builder.Configuration);
            silo.AddRelayGrains(isAlone ? SiloKind.Only : SiloKind.Member);
            silo.Services.AddRelayGrainStorage(GrainStorageName);
        });

        builder.Logging.QuietOrleans();
        return builder;
    }

    private const string LeaseLane = "lease";

    private static IRelayDatabase CreateDatabase(IServiceProvider services, DataDirectory? directory, string? lane)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        return DatabaseSettings.ServerOf(configuration) is var (dialect, connectionString)
            ? new ServerDatabase(dialect, connectionString, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<ServerDatabase>>(), lane)
            : new SqliteDatabase(directory ?? throw new InvalidOperationException("SQLite needs a data directory."));
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
}
