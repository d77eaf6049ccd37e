using Relay.Configuration;

namespace Relay.Frontend.Background;

/// <summary>Adds what follows responses that are made in the background.</summary>
internal static class BackgroundExtensions
{
    public static void AddBackground(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<BackgroundOptions, BackgroundOptionsValidator>(BackgroundOptions.SectionName);
        builder.Services.AddSingleton<ResponseQuery>();
        builder.Services.AddSingleton<BackgroundCalls>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BackgroundCalls>());
    }
}
