using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Relay.Configuration;
using Relay.Grains.Ownership;
using Relay.Silo.Dashboard;
using Relay.Silo.Storage;

namespace Relay.Silo.Clustering;

/// <summary>Makes a process a member or a client of a cluster whose membership table is in Relay's database.</summary>
public static class ClusteringExtensions
{
    /// <summary>Makes the process a client of the cluster that the settings name: it asks the grains, and hosts none.</summary>
    public static IHostApplicationBuilder AddRelayClient(this IHostApplicationBuilder builder)
    {
        builder.AddDatabaseSettings();
        builder.AddClusterSettings();
        builder.Services.AddSettingsCheck<DashboardOptions>(DashboardOptions.SectionName);

        // The settings are checked before the host is built to its end; until then, wrong ones stand for their defaults.
        if (DatabaseSettings.ServerOf(builder.Configuration) is var (dialect, connectionString))
        {
            var options = MembershipOf(builder.Configuration);
            builder.UseOrleansClient(client =>
            {
                client.UseAdoNetClustering(database =>
                {
                    database.Invariant = dialect.OrleansInvariant;
                    database.ConnectionString = dialect.Complete(connectionString, Lane);
                });
                client.AddDashboardIfEnabled(builder.Configuration);
                client.Configure<ClusterOptions>(cluster => Name(cluster, options));
                client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds));
                client.Configure<GatewayOptions>(gateway => gateway.GatewayListRefreshPeriod = TimeSpan.FromSeconds(options.TableRefreshSeconds));
                client.Services.AddSingleton<IClientConnectionRetryFilter>(services => new ClusterWait(
                    dialect, connectionString, options.ClusterId, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<ClusterWait>>()));
            });
        }

        builder.Logging.QuietOrleans();
        return builder;
    }

    /// <summary>Binds and checks what every process of a cluster needs to know of it.</summary>
    internal static void AddClusterSettings(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<MembershipOptions, MembershipOptionsValidator>(MembershipOptions.SectionName);
        builder.Services.AddSingleton<IValidateOptions<MembershipOptions>, SiloAddressValidator>();
        builder.AddSettings<OwnershipOptions, OwnershipOptionsValidator>(OwnershipOptions.SectionName);
    }

    /// <summary>Makes the silo a member of the cluster that the settings name.</summary>
    internal static void JoinRelayCluster(this ISiloBuilder silo, IConfiguration configuration)
    {
        var (dialect, connectionString) = DatabaseSettings.ServerOf(configuration)!.Value;
        var options = MembershipOf(configuration);
        var address = SiloAddress.Of(options);
        silo.UseAdoNetClustering(database =>
        {
            database.Invariant = dialect.OrleansInvariant;
            database.ConnectionString = dialect.Complete(connectionString, Lane);
        });
        silo.Configure<ClusterOptions>(cluster => Name(cluster, options));
        silo.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.AdvertisedIPAddress = address;
            endpoint.SiloPort = options.SiloPort;
            endpoint.GatewayPort = options.GatewayPort;

            // Not on all addresses, as it would be otherwise.
            var listening = options.ListenAddress is { } configured ? IPAddress.Parse(configured) : address;
            endpoint.SiloListeningEndpoint = new IPEndPoint(listening, options.SiloPort);
            endpoint.GatewayListeningEndpoint = new IPEndPoint(listening, options.GatewayPort);
        });
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(options.ProbeSeconds);
            membership.NumMissedProbesLimit = options.MissedProbes;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(options.TableRefreshSeconds);
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(options.AliveSeconds);
            membership.DefunctSiloExpiration = TimeSpan.FromDays(1);
            membership.DefunctSiloCleanupPeriod = TimeSpan.FromHours(1);
        });
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds));
        silo.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds));
    }

    /// <summary>Leaves out what Orleans says at each start and nobody can act on.</summary>
    internal static void QuietOrleans(this ILoggingBuilder logging)
    {
        // Compares its first check with the machine's start, and so complains at each start of a silo.
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);

        // Recommends the server's garbage collector, which a small gateway is better without. The pattern matches this one
        // category: without the star it would match every category that begins so.
        logging.AddFilter("Orleans.Runtime.Silo*.Silo", LogLevel.Error);
    }

    private const string Lane = "membership";

    private static void Name(ClusterOptions cluster, MembershipOptions options)
    {
        cluster.ClusterId = options.ClusterId;
        cluster.ServiceId = options.ServiceId;
    }

    // Orleans wants most of it before there is a container to ask.
    private static MembershipOptions MembershipOf(IConfiguration configuration)
    {
        try
        {
            var options = configuration.GetSection(MembershipOptions.SectionName).Get<MembershipOptions>() ?? new MembershipOptions();
            return new SiloAddressValidator().Validate(null, options).Succeeded ? options : new MembershipOptions();
        }
        catch (InvalidOperationException)
        {
            // The check of the settings says it better, before anything is started.
            return new MembershipOptions();
        }
    }
}
