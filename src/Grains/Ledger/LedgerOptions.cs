using System.ComponentModel.DataAnnotations;

namespace Relay.Grains.Ledger;

/// <summary>How a silo writes to the ledger.</summary>
public sealed class LedgerOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Ledger";

    /// <summary>How many entries may wait on a silo: 2 to 1000000, default 10000. From half of it on, new calls are refused.</summary>
    [Range(2, 1_000_000)]
    public int QueueRows { get; set; } = 10_000;
}
