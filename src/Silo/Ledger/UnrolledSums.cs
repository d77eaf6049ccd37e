using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>
/// The hourly sums of what this silo has committed to the ledger since the last roll-up, so that a roll-up need not have the database read those entries again.
/// It only saves work: of what is missing here, or not in step with the key's position, the database makes the sums.
/// </summary>
internal sealed class UnrolledSums
{
    /// <summary>The most sums that are kept, about 300 B each. What comes beyond is left to the database.</summary>
    public const int SumsMax = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, KeySums> _keys = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Adds what was committed; the entries of a key in the order of their sequences.</summary>
    public void Add(IEnumerable<UsageEntryRow> committed)
    {
        lock (_lock)
        {
            KeySums? last = null;
            foreach (var entry in committed)
            {
                var key = string.Equals(last?.KeyId, entry.KeyId, StringComparison.Ordinal) ? last! : Find(entry);
                last = TryAdd(key, entry) ? key : null;
            }
        }
    }

    /// <summary>Hands a key's sums over: from now on, the key's next entry is the first. Null where there are none.</summary>
    public UnrolledUsage? Take(string keyId)
    {
        KeySums? key;
        lock (_lock)
        {
            if (!_keys.Remove(keyId, out key))
            {
                return null;
            }

            _count -= key.Hours.Count;
        }

        return new UnrolledUsage(
            keyId, key.AfterSequence, key.LastSequence, [.. key.Hours.Values.Select(hour => UsageHourRow.Of(keyId, hour.Of, hour.Totals))]);
    }

    private KeySums Find(UsageEntryRow entry)
    {
        if (!_keys.TryGetValue(entry.KeyId, out var key))
        {
            _keys[entry.KeyId] = key = new KeySums(entry.KeyId, entry.Sequence - 1);
        }

        return key;
    }

    /// <summary>False when there is no room for it: then the key has no sums, because they would have a gap.</summary>
    private bool TryAdd(KeySums key, UsageEntryRow entry)
    {
        if (entry.Sequence != key.LastSequence + 1)
        {
            _count -= key.Hours.Count;
            key.StartAfter(entry.Sequence - 1);
        }

        var before = key.Hours.Count;
        key.Add(entry);
        _count += key.Hours.Count - before;
        if (_count <= SumsMax)
        {
            return true;
        }

        _count -= key.Hours.Count;
        _keys.Remove(key.KeyId);
        return false;
    }

    private sealed class KeySums(string keyId, long afterSequence)
    {
        private HourSum? _last;

        public string KeyId { get; } = keyId;

        public Dictionary<UsageHour, HourSum> Hours { get; } = [];

        public long AfterSequence { get; private set; } = afterSequence;

        public long LastSequence { get; private set; } = afterSequence;

        public void StartAfter(long sequence)
        {
            (AfterSequence, LastSequence, _last) = (sequence, sequence, null);
            Hours.Clear();
        }

        public void Add(UsageEntryRow entry)
        {
            var hour = entry.Hour;
            if (_last is null || _last.Of != hour)
            {
                if (!Hours.TryGetValue(hour, out _last))
                {
                    Hours[hour] = _last = new HourSum(hour);
                }
            }

            _last.Totals += entry.ToTotals();
            LastSequence = entry.Sequence;
        }
    }

    private sealed class HourSum(UsageHour of)
    {
        public UsageHour Of { get; } = of;

        public UsageTotals Totals { get; set; }
    }
}
