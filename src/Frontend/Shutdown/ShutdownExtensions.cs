using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Frontend.Admission;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Shutdown;

/// <summary>Adds the orderly stop, and counts the calls that it waits for.</summary>
internal static class ShutdownExtensions
{
    public static void AddShutdown(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<ShutdownOptions, ShutdownOptionsValidator>(ShutdownOptions.SectionName);
        builder.Services.AddSingleton<RunningCalls>();
        builder.Services.AddHostedService<OrderlyStop>();
    }

    /// <summary>Gives the host the time that a stop may take.</summary>
    /// <param name="app">The application.</param>
    /// <param name="spared">The path whose calls tell how Relay is.</param>
    /// <returns>What lets all other calls in only while they may run.</returns>
    public static CallGate UseShutdown(this WebApplication app, PathString spared)
    {
        // The host reads its options before the check of the settings, which would then not be the one to name a wrong value.
        app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout = OrderlyStop.TimeMax(
            app.Services.GetRequiredService<IOptions<ShutdownOptions>>().Value,
            app.Services.GetRequiredService<IOptions<ForwardingOptions>>().Value,
            app.Services.GetRequiredService<IOptions<AdmissionOptions>>().Value);
        return new CallGate(app.Services.GetRequiredService<RunningCalls>(), spared);
    }
}
