using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Background;
using Relay.Silo.Clustering;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;

namespace Relay.Frontend.Standalone;

/// <summary>Gives the frontend its grains: by a silo beside it, its data in one folder or on a database server, or by a cluster.</summary>
internal static class StandaloneExtensions
{
    internal const string AdminKeyVariable = "RELAY_ADMIN_KEY";

    /// <summary>Adds the silo, or the way to those of the cluster. The folder is opened, and locked, by the caller: it must outlive the host.</summary>
    public static void AddStandalone(this WebApplicationBuilder builder, DataDirectory directory)
    {
        builder.AddSettings<StandaloneOptions, StandaloneOptionsValidator>("Relay");
        builder.Services.AddSingleton<IValidateOptions<StandaloneOptions>, FrontendRoleValidator>();
        if (IsFrontendOnly(builder.Configuration))
        {
            builder.AddRelayClient();
        }
        else
        {
            builder.AddRelaySilo(directory);
        }

        builder.Services.AddSingleton<StartReport>();
        builder.Services.AddSingleton(new OutboxPlace(directory.FullPath));
        builder.Services.AddSingleton(new BackgroundFile(directory.FullPath));
        AddAdminKey(builder, directory);
    }

    /// <summary>Whether the settings leave the silos to other processes.</summary>
    public static bool IsFrontendOnly(IConfiguration configuration) =>
        string.Equals(configuration["Relay:Role"], StandaloneOptions.FrontendRole, StringComparison.Ordinal);

    /// <summary>Whether the settings leave nothing to other processes: the silo and SQLite are in this one.</summary>
    public static bool IsAlone(IConfiguration configuration) =>
        configuration["Relay:Database:Provider"] is null or "Sqlite" && !IsFrontendOnly(configuration);

    private static void AddAdminKey(WebApplicationBuilder builder, DataDirectory directory)
    {
        var configured = builder.Configuration[AdminKeyVariable]?.Trim();
        var path = Path.Combine(directory.FullPath, "admin-key");
        var origin = !string.IsNullOrEmpty(configured) ? new AdminKeyOrigin(AdminKeyVariable, configured, IsNew: false)
            : AdminKeyFile.Read(path) is { } kept ? new AdminKeyOrigin(path, kept, IsNew: false)
            : new AdminKeyOrigin(path, AdminKey.Create(), IsNew: true);
        builder.Services.AddSingleton(new AdminKey(origin.Secret));
        builder.Services.AddSingleton(origin);
    }
}
