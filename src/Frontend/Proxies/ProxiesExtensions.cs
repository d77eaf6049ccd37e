using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Relay.Configuration;

namespace Relay.Frontend.Proxies;

/// <summary>Takes the caller's address and scheme from known proxies, and from nobody else.</summary>
internal static class ProxiesExtensions
{
    public static void AddProxies(this IHostApplicationBuilder builder) =>
        builder.AddSettings<ProxyOptions, ProxyOptionsValidator>(ProxyOptions.SectionName);

    public static void UseProxies(this WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<IOptions<ProxyOptions>>().Value;
        if (!proxies.HasAny)
        {
            return;
        }

        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,

            // Each hop's own address is checked, so that a chain ends at the first that is not known.
            ForwardLimit = null,
        };

        // The framework believes the loopback address unasked, where any user of the machine may sit.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies.FindProxies())
        {
            options.KnownProxies.Add(proxy);
        }

        foreach (var network in proxies.FindNetworks())
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }
}
