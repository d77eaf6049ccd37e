using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Admission;

/// <summary>The bounds of the outbox: counts that no grain could take wait there, on disk.</summary>
internal sealed class OutboxOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Outbox";

    /// <summary>How many counts may wait, those of the calls in flight included: 1 to 10,000,000, by default 100,000. When they may be more, new calls are refused.</summary>
    [Range(1, 10_000_000)]
    public int Entries { get; set; } = 100_000;

    /// <summary>How large the outbox's file may grow, in bytes: 65,536 to 2,147,483,647, by default 256 MiB. When it is larger, new calls are refused.</summary>
    [Range(64 * 1024, int.MaxValue)]
    public int Bytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>How long between two tries to settle what waits, in seconds: 0.05 to 60, by default 1.</summary>
    [Range(0.05, 60)]
    public double RetrySeconds { get; set; } = 1;
}
