using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Configuration;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Silo.Hosting;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;

namespace Relay.Frontend.Standalone;

/// <summary>Makes the process a whole Relay: a silo beside the frontend, its data in one folder or on a database server.</summary>
internal static class StandaloneExtensions
{
    private const string AdminKeyVariable = "RELAY_ADMIN_KEY";

    /// <summary>Adds the silo. The folder is opened, and locked, by the caller: it must outlive the host.</summary>
    public static void AddStandalone(this WebApplicationBuilder builder, DataDirectory directory)
    {
        builder.AddSettings<StandaloneOptions, StandaloneOptionsValidator>("Relay");
        builder.Services.AddSettingsCheck<DatabaseOptions>(DatabaseOptions.SectionName);
        builder.Services.AddSettingsCheck<DashboardOptions>(DashboardOptions.SectionName);
        builder.Services.AddSettingsCheck<QuotaOptions>(QuotaOptions.SectionName);
        builder.Services.AddSettingsCheck<LedgerOptions>(LedgerOptions.SectionName);
        builder.Services.AddSettingsCheck<ReportOptions>(ReportOptions.SectionName);
        builder.AddStandaloneSilo(directory);
        builder.Services.AddSingleton<StartReport>();
        builder.Services.AddSingleton(new OutboxPlace(directory.FullPath));
        AddAdminKey(builder, directory);
    }

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
