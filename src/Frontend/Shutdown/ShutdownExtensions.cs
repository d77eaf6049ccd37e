using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Frontend.Admission;
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
    }

    /// <summary>
    /// Gives the host the time that a stop may take, and refuses calls before Relay has started, once it is stopping, and while it has too many;
    /// all but those of the given path, which tell that it is.
    /// </summary>
    public static void UseShutdown(this WebApplication app, PathString spared)
    {
        // The host reads its options before the check of the settings, which would then not be the one to name a wrong value.
        app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout = OrderlyStop.TimeMax(
            app.Services.GetRequiredService<IOptions<ShutdownOptions>>().Value,
            app.Services.GetRequiredService<IOptions<ForwardingOptions>>().Value,
            app.Services.GetRequiredService<IOptions<AdmissionOptions>>().Value);
        var calls = app.Services.GetRequiredService<RunningCalls>();
        app.Use(async (http, next) =>
        {
            if (http.Request.Path.StartsWithSegments(spared, StringComparison.Ordinal))
            {
                await next(http);
                return;
            }

            // Whoever mends an overload needs the admin API.
            var entrance = calls.Enter(http, isBounded: !http.Request.Path.StartsWithSegments("/admin", StringComparison.Ordinal));
            if (entrance == Entrance.Open)
            {
                try
                {
                    await next(http);
                }
                finally
                {
                    calls.Leave(http);
                }

                return;
            }

            // The client's next try should find another replica, not this connection again; HTTP/2 has no such header. Who has too many calls keeps
            // the connection: a new one for each try would cost more than the refusal.
            if (entrance != Entrance.Full && (HttpProtocol.IsHttp11(http.Request.Protocol) || HttpProtocol.IsHttp10(http.Request.Protocol)))
            {
                http.Response.Headers.Connection = "close";
            }

            await ErrorResult.WriteAsync(http, entrance switch
            {
                Entrance.NotYet => RelayError.Starting(),
                Entrance.Closed => RelayError.ShuttingDown(),
                _ => RelayError.Overloaded(),
            });
        });
    }
}
