namespace Relay.Silo.Ledger;

/// <summary>The sums of a row of a key's entries, without a gap in their sequences.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="AfterSequence">The sequence before the first of them.</param>
/// <param name="LastSequence">The sequence of the last of them.</param>
/// <param name="Hours">Their sums.</param>
internal sealed record UnrolledUsage(string KeyId, long AfterSequence, long LastSequence, IReadOnlyList<UsageHourRow> Hours);
