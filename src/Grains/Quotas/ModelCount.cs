using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>One model's counters in one window.</summary>
/// <param name="used">What the ledger has.</param>
internal sealed class ModelCount(UsageTotals used = default)
{
    /// <summary>What the ledger has.</summary>
    public UsageTotals Used { get; private set; } = used;

    /// <summary>What is on its way to the ledger.</summary>
    public Amounts Pending { get; private set; }

    /// <summary>What calls in flight hold.</summary>
    public Amounts Held { get; private set; }

    /// <summary>Adds to each.</summary>
    public void Add(Amounts held, Amounts pending, UsageTotals used)
    {
        Held += held;
        Pending += pending;
        Used += used;
    }
}
