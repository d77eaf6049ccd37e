using Microsoft.Extensions.Options;

namespace Relay.Configuration;

/// <summary>Reads settings for the check of others.</summary>
internal static class OptionsExtensions
{
    /// <summary>The settings; null when they are wrong themselves, which their own check says better.</summary>
    public static TOptions? ValueOrNull<TOptions>(this IOptions<TOptions> options)
        where TOptions : class
    {
        try
        {
            return options.Value;
        }
        catch (Exception e) when (e is OptionsValidationException or InvalidOperationException)
        {
            return null;
        }
    }
}
