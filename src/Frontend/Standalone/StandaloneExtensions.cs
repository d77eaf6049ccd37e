using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Configuration;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;

namespace Relay.Frontend.Standalone;

/// <summary>Makes the process a whole Relay: a silo beside the frontend, its data in one folder.</summary>
internal static class StandaloneExtensions
{
    private const string AdminKeyVariable = "RELAY_ADMIN_KEY";

    /// <summary>Adds the silo. The folder is opened, and locked, by the caller: it must outlive the host.</summary>
    public static void AddStandalone(this WebApplicationBuilder builder, DataDirectory directory)
    {
        builder.AddSettings<StandaloneOptions, StandaloneOptionsValidator>("Relay");
        builder.Services.AddSettingsCheck<QuotaOptions>(QuotaOptions.SectionName);
        builder.Services.AddSettingsCheck<LedgerOptions>(LedgerOptions.SectionName);
        builder.AddStandaloneSilo(directory);
        builder.Services.AddSingleton<StartReport>();
        builder.Services.AddSingleton(new OutboxPlace(directory.FullPath));
        AddAdminKey(builder, directory);
    }

    private static void AddAdminKey(WebApplicationBuilder builder, DataDirectory directory)
    {
        var configured = builder.Configuration[AdminKeyVariable]?.Trim();
        var path = Path.Combine(directory.FullPath, "admin-key");
        var created = false;
        var secret = string.IsNullOrEmpty(configured) ? AdminKeyFile.ReadOrCreate(path, out created) : configured;
        builder.Services.AddSingleton(new AdminKey(secret));
        builder.Services.AddSingleton(new AdminKeyOrigin(string.IsNullOrEmpty(configured) ? path : AdminKeyVariable, created ? secret : null));
    }
}
