using System.Runtime.InteropServices;
using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>The hourly sums of a run of a key's entries, in which no sequence is missing.</summary>
/// <param name="keyId">The key.</param>
/// <param name="afterSequence">The sequence before the first of them.</param>
internal sealed class UnrolledUsage(string keyId, long afterSequence)
{
    private readonly Dictionary<UsageHour, UsageTotals> _sums = [];

    /// <summary>The key.</summary>
    public string KeyId { get; } = keyId;

    /// <summary>The sequence before the first entry.</summary>
    public long AfterSequence { get; } = afterSequence;

    /// <summary>The sequence of the last entry.</summary>
    public long LastSequence { get; private set; } = afterSequence;

    /// <summary>How many sums there are.</summary>
    public int SumCount => _sums.Count;

    /// <summary>The sums.</summary>
    public IEnumerable<UsageHourRow> Hours => _sums.Select(sum => UsageHourRow.Of(KeyId, sum.Key, sum.Value));

    /// <summary>Whether an entry is the one that comes after the last.</summary>
    public bool IsFollowedBy(UsageEntryRow entry) =>
        string.Equals(KeyId, entry.KeyId, StringComparison.Ordinal) && LastSequence + 1 == entry.Sequence;

    /// <summary>Adds the next entry.</summary>
    public void Add(UsageEntryRow entry)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_sums, entry.Hour, out _) += entry.ToTotals();
        LastSequence = entry.Sequence;
    }
}
