using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Grains;

/// <summary>Adds Relay's grains to a silo.</summary>
public static class GrainsExtensions
{
    /// <summary>
    /// Adds what the grains need, but for what frontends need too, <see cref="OwnershipOptions"/>, and what depends on the database: an <see cref="IUsageLedger"/>, a
    /// <see cref="Directory.IKeyDirectory"/>, an <see cref="IAccountDirectory"/>, an <see cref="IAllotmentStore"/>, <see cref="ILimitWarnings"/>, <see cref="IKeyOwners"/> and the grain storage named <c>usage</c>; and <see cref="Models.CurrentPrices"/>, which may come from a file.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="kind">Whether there can be other silos on its database.</param>
    public static ISiloBuilder AddRelayGrains(this ISiloBuilder silo, SiloKind kind)
    {
        var services = silo.Services;
        services.AddSingleton<IValidateOptions<QuotaOptions>, QuotaOptionsValidator>();
        services.AddSingleton<IValidateOptions<QuotaOptions>, TimeZoneValidator>();
        services.AddOptions<QuotaOptions>().BindConfiguration(QuotaOptions.SectionName).ValidateOnStart();

        services.AddSingleton<IValidateOptions<LedgerOptions>, LedgerOptionsValidator>();
        services.AddOptions<LedgerOptions>().BindConfiguration(LedgerOptions.SectionName).ValidateOnStart();
        services.AddSingleton<LocalKeys>();
        services.AddSingleton<ILocalKeys>(static provider => provider.GetRequiredService<LocalKeys>());
        services.AddSingleton<SiloHierarchy>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<OwnerLease>(
            provider, kind, (Func<CancellationToken, Task>)provider.GetRequiredService<SiloHierarchy>().RefreshAsync));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<OwnerLease>());
        services.AddSingleton<LedgerWriter>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<LedgerWriter>());
        services.AddSingleton<AllotmentWriter>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<AllotmentWriter>());
        return silo;
    }
}
