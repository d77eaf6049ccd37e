using Microsoft.Extensions.Options;
using Relay.Frontend.Configuration;
using Relay.Frontend.Simulation;

namespace Relay.Frontend.Upstreams;

/// <summary>Adds the upstream: the configured one, or the simulated model.</summary>
internal static class UpstreamsExtensions
{
    public static void AddUpstreams(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<UpstreamOptions, UpstreamOptionsValidator>("");
        builder.AddSettings<UpstreamTimeouts, UpstreamTimeoutsValidator>(UpstreamTimeouts.SectionName);
        builder.Services.AddSingleton(services =>
        {
            var options = services.GetRequiredService<IOptions<UpstreamOptions>>().Value;
            var timeouts = services.GetRequiredService<IOptions<UpstreamTimeouts>>().Value;
            return options.IsConfigured
                ? Upstream.FromOptions(options, Connections(timeouts, TimeSpan.FromMinutes(5)), Connections(timeouts, TimeSpan.Zero))
                : new Upstream("simulated", new Uri("http://relay-echo.invalid/v1"), apiKey: null, ActivatorUtilities.CreateInstance<EchoUpstreamHandler>(services));
        });
    }

    private static SocketsHttpHandler Connections(UpstreamTimeouts timeouts, TimeSpan lifetime) => new()
    {
        // A redirect would carry the upstream's key to an address that nobody configured.
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(timeouts.Connect),

        // DNS changes are seen after this long; a stream that runs is not cut.
        PooledConnectionLifetime = lifetime,
        PlaintextStreamFilter = static (context, _) => ValueTask.FromResult<Stream>(new WatchedStream(context.PlaintextStream)),

        // When Relay leaves an answer before its end, the upstream must notice and stop generating, not be drained for seconds.
        ResponseDrainTimeout = TimeSpan.FromMilliseconds(200),
        MaxResponseDrainSize = 64 * 1024,
    };
}
