using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Upstreams;

/// <summary>How long an upstream may take, in seconds.</summary>
internal sealed class UpstreamTimeouts
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Timeouts";

    /// <summary>To open a connection, TLS included: 0.1 to 300, by default 10.</summary>
    [Range(0.1, 300)]
    public double Connect { get; set; } = 10;

    /// <summary>From the call to the answer's head: 0.1 to 86,400, by default 300.</summary>
    [Range(0.1, 86_400)]
    public double FirstByte { get; set; } = 300;

    /// <summary>Between two pieces of the answer: 0.1 to 86,400, by default 120.</summary>
    [Range(0.1, 86_400)]
    public double BetweenBytes { get; set; } = 120;
}
