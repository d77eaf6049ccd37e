using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Forwarding;

/// <summary>The bounds of a drain, whichever is reached first.</summary>
internal sealed class DrainOptions
{
    /// <summary>In seconds: 0 to 3,600, by default 10. 0 cancels the upstream at once.</summary>
    [Range(0.0, 3600.0)]
    public double Seconds { get; set; } = 10;

    /// <summary>In bytes: 0 to 1,073,741,824, by default 1 MiB.</summary>
    [Range(0, 1 << 30)]
    public int Bytes { get; set; } = 1024 * 1024;
}
