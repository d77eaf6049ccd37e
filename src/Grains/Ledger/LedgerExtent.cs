using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>The entries of a key, in sum.</summary>
/// <param name="Entries">How many there are, without the dropped ones.</param>
/// <param name="FirstSequence">The oldest; 0 without any.</param>
/// <param name="LastSequence">The newest; 0 without any.</param>
/// <param name="DroppedSequence">The newest that retention has dropped; 0 for none.</param>
/// <param name="Totals">The sum of all, the dropped ones too.</param>
public sealed record LedgerExtent(long Entries, long FirstSequence, long LastSequence, long DroppedSequence, UsageTotals Totals);
