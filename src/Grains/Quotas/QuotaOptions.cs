using System.ComponentModel.DataAnnotations;

namespace Relay.Grains.Quotas;

/// <summary>How quotas are counted.</summary>
public sealed class QuotaOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Quotas";

    /// <summary>The IANA id of the time zone in whose calendar windows begin. Default <c>UTC</c>. A change takes effect as each window ends.</summary>
    [Required]
    public string TimeZone { get; set; } = "UTC";

    /// <summary>How long a hold lives without a renewal, in seconds: 5 to 3600, default 30.</summary>
    [Range(5, 3600)]
    public int HoldTimeoutSeconds { get; set; } = 30;

    /// <summary>After how many ledger entries a key's counts are saved, so that an activation reads fewer entries: 1 to 100000, default 256.</summary>
    [Range(1, 100_000)]
    public int SnapshotEvery { get; set; } = 256;

    /// <summary>How long after a snapshot of a key's counts the next one is saved at the earliest, in seconds: 0 to 3600, default 5.</summary>
    [Range(0, 3600)]
    public int SnapshotSeconds { get; set; } = 5;
}
