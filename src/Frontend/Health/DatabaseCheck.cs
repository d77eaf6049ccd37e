using Microsoft.Extensions.Diagnostics.HealthChecks;
using Relay.Grains.Health;

namespace Relay.Frontend.Health;

/// <summary>Whether the database answers, asked through a silo: the frontend itself may have no way to it.</summary>
internal sealed class DatabaseCheck(IGrainFactory grains) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await grains.GetGrain<IHealthGrain>(0).PingDatabaseAsync().WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e)
        {
            return HealthCheckResult.Unhealthy("The database does not answer, or no silo that could ask it.", e);
        }
    }
}
