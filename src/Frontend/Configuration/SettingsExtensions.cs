using Microsoft.Extensions.Options;

namespace Relay.Frontend.Configuration;

/// <summary>Binds sections of settings, and remembers that they are read.</summary>
internal static class SettingsExtensions
{
    /// <summary>Binds and validates one section under <c>Relay</c>.</summary>
    public static void AddSettings<TOptions, TValidator>(this IHostApplicationBuilder builder, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        builder.Services.AddOptions<TOptions>().BindConfiguration(section);
        builder.Services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        builder.Services.AddSettingsCheck<TOptions>(section);
    }

    /// <summary>Remembers a section that is bound elsewhere.</summary>
    public static void AddSettingsCheck<TOptions>(this IServiceCollection services, string section)
        where TOptions : class =>
        services.AddSingleton(new SettingsSection(section, typeof(TOptions), FindFaults<TOptions>));

    private static IEnumerable<string> FindFaults<TOptions>(IServiceProvider services)
        where TOptions : class
    {
        try
        {
            _ = services.GetRequiredService<IOptions<TOptions>>().Value;
            return [];
        }
        catch (OptionsValidationException e)
        {
            return e.Failures;
        }
        catch (InvalidOperationException e)
        {
            // A value of the wrong type: the binder's message names the setting and the value.
            return [e.Message];
        }
    }
}
