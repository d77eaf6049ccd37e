using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Relay.Grains.Allotments;

namespace Relay.Silo.Warnings;

/// <summary>Adds the warnings of limits that run out.</summary>
internal static class WarningsExtensions
{
    public static void AddLimitWarnings(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<WarningOptions>, WarningOptionsValidator>();
        services.AddSingleton<IValidateOptions<WarningOptions>, WebhookValidator>();
        services.AddOptions<WarningOptions>().BindConfiguration(WarningOptions.SectionName).ValidateOnStart();
        services.AddSingleton<LimitWarnings>();
        services.AddSingleton<ILimitWarnings>(static provider => provider.GetRequiredService<LimitWarnings>());
        services.AddHostedService(static provider => provider.GetRequiredService<LimitWarnings>());
    }
}
