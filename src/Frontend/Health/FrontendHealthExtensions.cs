using Relay.Health;

namespace Relay.Frontend.Health;

/// <summary>Adds what decides whether this frontend is given calls.</summary>
internal static class FrontendHealthExtensions
{
    // Longer than a silo waits for the database, so that the answer tells which of the two is meant.
    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(3);

    public static void AddHealth(this IHostApplicationBuilder builder) =>
        builder.Services.AddReadiness()
            .AddCheck<ClusterCheck>("cluster", timeout: CheckTime)
            .AddCheck<DatabaseCheck>("database", timeout: CheckTime)
            .AddCheck<UpstreamCheck>("upstream");
}
