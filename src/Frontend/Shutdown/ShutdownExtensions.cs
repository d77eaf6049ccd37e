using Microsoft.Extensions.Options;
using Relay.Frontend.Admission;
using Relay.Frontend.Configuration;
using Relay.Frontend.Errors;
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
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<ShutdownOptions>, IOptions<ForwardingOptions>, IOptions<AdmissionOptions>>(
            (host, shutdown, forwarding, admission) =>
                host.ShutdownTimeout = OrderlyStop.TimeMax(shutdown.Value, forwarding.Value, admission.Value));
    }

    /// <summary>Refuses calls once Relay is stopping; all but those of the given path, which tell that it is.</summary>
    public static void UseShutdown(this WebApplication app, PathString spared)
    {
        var calls = app.Services.GetRequiredService<RunningCalls>();
        app.Use(async (http, next) =>
        {
            if (http.Request.Path.StartsWithSegments(spared, StringComparison.Ordinal))
            {
                await next(http);
            }
            else if (calls.TryEnter(http))
            {
                try
                {
                    await next(http);
                }
                finally
                {
                    calls.Leave(http);
                }
            }
            else
            {
                // The client's next try should find another replica, not this connection again; HTTP/2 has no such header.
                if (HttpProtocol.IsHttp11(http.Request.Protocol) || HttpProtocol.IsHttp10(http.Request.Protocol))
                {
                    http.Response.Headers.Connection = "close";
                }

                await ErrorResult.WriteAsync(http, RelayError.ShuttingDown());
            }
        });
    }
}
