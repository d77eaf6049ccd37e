using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>What the ledger has of one call.</summary>
/// <param name="Entries">Its entries, ordered by part.</param>
internal readonly record struct BookedCall(IReadOnlyList<UsageEntry> Entries)
{
    /// <summary>Whether there is nothing.</summary>
    public bool IsEmpty => Entries.Count == 0;

    /// <summary>The entry of the call's expiry, as long as nothing but prices has corrected it; else null.</summary>
    public UsageEntry? Expired =>
        Entries is [{ Settlement.Outcome: Outcome.Expired } expired, ..] && Entries.All(static entry => entry.Part != 1) ? expired : null;

    /// <summary>What the call came to in the end, as far as that is known.</summary>
    public Settlement Settlement => Entries.Last(static entry => entry.Part <= 1).Settlement;

    /// <summary>The sum of all.</summary>
    public UsageTotals Totals => Entries.Aggregate(default(UsageTotals), static (sum, entry) => sum + entry.Totals);
}
