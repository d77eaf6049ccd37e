using Relay.Configuration;

namespace Relay.Frontend.Overload;

/// <summary>Adds the bounds of what a process takes at once.</summary>
internal static class OverloadExtensions
{
    public static void AddOverload(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<OverloadOptions, OverloadOptionsValidator>(OverloadOptions.SectionName);
        builder.Services.AddSingleton<BodyMemory>();
    }
}
