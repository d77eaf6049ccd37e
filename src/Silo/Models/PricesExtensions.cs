using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Relay.Silo.Models;

/// <summary>Adds the prices of models.</summary>
internal static class PricesExtensions
{
    public static void AddPrices(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<PriceOptions>, PriceOptionsValidator>();
        services.AddSingleton<IValidateOptions<PriceOptions>, PriceFileValidator>();
        services.AddOptions<PriceOptions>().BindConfiguration(PriceOptions.SectionName).ValidateOnStart();
        services.AddSingleton<PriceUpkeep>();
        services.AddSingleton(static provider => provider.GetRequiredService<PriceUpkeep>().Prices);
        services.AddHostedService(static provider => provider.GetRequiredService<PriceUpkeep>());
    }
}
