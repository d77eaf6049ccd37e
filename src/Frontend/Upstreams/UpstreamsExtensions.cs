using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Frontend.Simulation;

namespace Relay.Frontend.Upstreams;

/// <summary>Adds the upstream: the configured one, or the simulated model.</summary>
internal static class UpstreamsExtensions
{
    public static void AddUpstreams(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<UpstreamOptions, UpstreamOptionsValidator>("");
        builder.AddSettings<UpstreamTimeouts, UpstreamTimeoutsValidator>(UpstreamTimeouts.SectionName);
        builder.AddSettings<UpstreamTlsOptions, UpstreamTlsOptionsValidator>(UpstreamTlsOptions.SectionName);
        builder.Services.AddSingleton<StepTimeouts>();
        builder.Services.AddSingleton(services =>
        {
            var options = services.GetRequiredService<IOptions<UpstreamOptions>>().Value;
            var timeouts = services.GetRequiredService<IOptions<UpstreamTimeouts>>().Value;
            var tls = services.GetRequiredService<IOptions<UpstreamTlsOptions>>().Value;
            return options.IsConfigured
                ? Upstream.FromOptions(
                    options,
                    UpstreamConnections.Create(timeouts, tls, TimeSpan.FromMinutes(5)),
                    UpstreamConnections.Create(timeouts, tls, TimeSpan.Zero))
                : new Upstream("simulated", new Uri("http://relay-echo.invalid/v1"), apiKey: null, ActivatorUtilities.CreateInstance<EchoUpstreamHandler>(services));
        });
    }
}
