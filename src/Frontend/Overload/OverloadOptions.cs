using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Overload;

/// <summary>What a process takes at once. What comes past it is refused early with 503, so that the calls that run go on.</summary>
internal sealed class OverloadOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Overload";

    /// <summary>How many calls may run at once: 1 to 1,000,000, by default 20,000. The admin API and health answers do not count against it.</summary>
    [Range(1, 1_000_000)]
    public int Calls { get; set; } = 20_000;

    /// <summary>
    /// How many bytes the bodies of running calls may take in memory, 1 to 1,099,511,627,776, by default 1 GiB. At least twice the largest
    /// body and 1 MiB, for memory is taken in pieces.
    /// </summary>
    [Range(1, 1L << 40)]
    public long BodyBytes { get; set; } = 1L << 30;
}
