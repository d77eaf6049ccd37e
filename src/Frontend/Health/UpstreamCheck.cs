using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Relay.Frontend.Standalone;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Health;

/// <summary>
/// Whether calls have somewhere to go. The simulated model counts in a whole Relay, where newcomers try it; a frontend of a cluster
/// that would serve it is one whose settings did not arrive. The upstream itself is not called: that may cost, and its outage is
/// the same for every frontend.
/// </summary>
internal sealed class UpstreamCheck(IOptions<UpstreamOptions> upstream, IOptions<StandaloneOptions> process) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(upstream.Value.IsConfigured || process.Value.Role is "All"
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("No upstream is configured: set OPENAI_API_KEY."));
}
