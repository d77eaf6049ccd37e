using Microsoft.Extensions.Diagnostics.HealthChecks;
using Relay.Grains.Health;

namespace Relay.Frontend.Health;

/// <summary>Whether grains can be called.</summary>
internal sealed class ClusterCheck(IGrainFactory grains) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await grains.GetGrain<IHealthGrain>(0).PingAsync().AsTask().WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e)
        {
            return HealthCheckResult.Unhealthy("No silo answers.", e);
        }
    }
}
