using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Shutdown;

/// <summary>How Relay stops when it is told to (SIGTERM, SIGINT).</summary>
internal sealed class ShutdownOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Shutdown";

    /// <summary>
    /// How long calls are still taken while <c>/health/ready</c> says 503 already, so that load balancers notice first, in
    /// seconds: 0 to 300, by default 0.
    /// </summary>
    [Range(0.0, 300.0)]
    public double DelaySeconds { get; set; }

    /// <summary>How long running calls may go on after that, in seconds: 0 to 3,600, by default 30. Then they are cut, and counted.</summary>
    [Range(0.0, 3600.0)]
    public double StreamSeconds { get; set; } = 30;
}
