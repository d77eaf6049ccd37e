using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Relay.Benchmarks.Load;

/// <summary>What a .NET reverse proxy costs that looks at nothing: YARP's forwarder and no more.</summary>
internal static class BareYarp
{
    public static async Task RunAsync(string address, string upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddHttpForwarder();
        await using var app = builder.Build();
        using var connections = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        });
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        app.Run(async http => await forwarder.SendAsync(http, upstream, connections));
        await app.RunAsync(address);
    }
}
