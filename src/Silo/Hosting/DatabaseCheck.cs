using Microsoft.Extensions.Diagnostics.HealthChecks;
using Relay.Grains.Directory;

namespace Relay.Silo.Hosting;

/// <summary>Whether the database answers.</summary>
internal sealed class DatabaseCheck(IKeyDirectory directory) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // No key has an empty id: the primary key's index answers at once.
            _ = await directory.FindAsync("", cancellationToken).WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.", e);
        }
    }
}
