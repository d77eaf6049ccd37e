using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>One model's counters in one window.</summary>
internal sealed class ModelCount
{
    /// <summary>What the ledger has.</summary>
    public UsageTotals Used { get; set; }

    /// <summary>What is on its way to the ledger.</summary>
    public Amounts Pending { get; set; }

    /// <summary>What calls in flight hold.</summary>
    public Amounts Held { get; set; }
}
