using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>The entries of a key, in sum.</summary>
/// <param name="Entries">How many there are.</param>
/// <param name="FirstSequence">The oldest; 0 without any.</param>
/// <param name="LastSequence">The newest; 0 without any.</param>
/// <param name="Totals">Their sum.</param>
public sealed record LedgerExtent(long Entries, long FirstSequence, long LastSequence, UsageTotals Totals);
