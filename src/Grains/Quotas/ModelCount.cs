using Relay.Grains.Accounts;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>The counters of one owner's calls of one model in one window.</summary>
/// <param name="owner">Whose calls.</param>
/// <param name="model">Of which model.</param>
/// <param name="used">What the ledger has.</param>
internal sealed class ModelCount(CallOwner owner, string model, UsageTotals used = default)
{
    /// <summary>Whose calls.</summary>
    public CallOwner Owner { get; } = owner;

    /// <summary>Of which model.</summary>
    public string Model { get; } = model;

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
