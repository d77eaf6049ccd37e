using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Relay.Configuration;

/// <summary>Binds sections of settings, and remembers that they are read.</summary>
internal static class SettingsExtensions
{
    /// <summary>Binds and validates one section; an empty name is the root.</summary>
    public static void AddSettings<TOptions, TValidator>(this IHostApplicationBuilder builder, string section)
        where TOptions : class, new()
        where TValidator : class, IValidateOptions<TOptions>
    {
        builder.Services.AddOptions<TOptions>().BindConfiguration(section);
        builder.Services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        builder.Services.AddSettingsCheck<TOptions>(section);
    }

    /// <summary>Remembers a section that is bound elsewhere.</summary>
    public static void AddSettingsCheck<TOptions>(this IServiceCollection services, string section)
        where TOptions : class, new() =>
        services.AddSingleton(SettingsSection.Of<TOptions>(section));
}
