using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Relay.Silo.Hosting;

/// <summary>Whether this silo has joined its cluster, and was not declared dead by it.</summary>
internal sealed class SiloStatusCheck(ISiloStatusOracle silo) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(silo.CurrentStatus == SiloStatus.Active
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"The silo is {silo.CurrentStatus}, not Active."));
}
