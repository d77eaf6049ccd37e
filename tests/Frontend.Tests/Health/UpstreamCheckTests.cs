using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Relay.Frontend.Health;
using Relay.Frontend.Standalone;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Health;

public sealed class UpstreamCheckTests
{
    [Theory]
    [InlineData("All", null, HealthStatus.Healthy)]
    [InlineData("All", "sk-upstream", HealthStatus.Healthy)]
    [InlineData("Frontend", "sk-upstream", HealthStatus.Healthy)]
    [InlineData("Frontend", null, HealthStatus.Unhealthy)]
    [InlineData("Frontend", " ", HealthStatus.Unhealthy)]
    public async Task Check_ByRole_TheSimulatedModelIsForAWholeRelayOnly(string role, string? apiKey, HealthStatus expected)
    {
        var check = new UpstreamCheck(
            Options.Create(new UpstreamOptions { ApiKey = apiKey }), Options.Create(new StandaloneOptions { Role = role }));

        var result = await check.CheckHealthAsync(new HealthCheckContext(), CancellationToken.None);

        Assert.Equal(expected, result.Status);
        Assert.DoesNotContain("sk-upstream", result.Description ?? "", StringComparison.Ordinal);
    }
}
