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

    /// <summary>How many seconds an entry may wait on a silo before new calls are refused: 0.1 to 300, default 5.</summary>
    [Range(0.1, 300)]
    public double QueueSeconds { get; set; } = 5;

    /// <summary>
    /// How many milliseconds an entry waits at the most for others to share its commit, where calls come so fast that they do: 0 to 100, default 2. The
    /// end of an answer comes that much later; 0 for no wait.
    /// </summary>
    [Range(0, 100)]
    public int GatherMilliseconds { get; set; } = 2;
}
