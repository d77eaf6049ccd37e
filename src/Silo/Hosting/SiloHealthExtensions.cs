using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Health;

namespace Relay.Silo.Hosting;

/// <summary>Adds what decides whether a silo in a process of its own counts as up.</summary>
public static class SiloHealthExtensions
{
    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(3);

    /// <summary>Adds the checks of the silo and of the database; <see cref="HealthExtensions.MapHealth"/> maps their answers.</summary>
    public static void AddSiloHealth(this IHostApplicationBuilder builder) =>
        builder.Services.AddReadiness()
            .AddCheck<SiloStatusCheck>("silo")
            .AddCheck<DatabaseCheck>("database", timeout: CheckTime);
}
