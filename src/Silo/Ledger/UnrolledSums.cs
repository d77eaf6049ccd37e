namespace Relay.Silo.Ledger;

/// <summary>
/// The hourly sums of what this silo has committed to the ledger since its last pass of roll-ups, so that the pass need not have the database read those
/// entries again. They only save work: of what is missing here, or not in step with the key's position, the database makes the sums.
/// </summary>
internal sealed class UnrolledSums
{
    /// <summary>The most sums that are kept, of 2.5 KB at the most, texts included; twice as many while a pass runs. What comes beyond is left to the database.</summary>
    public const int SumsMax = 10_000;

    /// <summary>The most sums of one key, which are added in one transaction.</summary>
    public const int SumsOfOneKeyMax = 1_000;

    private readonly Lock _lock = new();
    private Dictionary<string, UnrolledUsage> _keys = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Adds what was committed; the entries of a key in the order of their sequences.</summary>
    public void Add(IEnumerable<UsageEntryRow> committed)
    {
        lock (_lock)
        {
            UnrolledUsage? last = null;
            foreach (var entry in committed)
            {
                var key = last?.IsFollowedBy(entry) == true ? last : Find(entry);
                last = TryAdd(key, entry) ? key : null;
            }
        }
    }

    /// <summary>Hands the sums over, by key: from now on, each key's next entry is the first.</summary>
    public IReadOnlyDictionary<string, UnrolledUsage> TakeAll()
    {
        lock (_lock)
        {
            var taken = _keys;
            (_keys, _count) = (new(StringComparer.Ordinal), 0);
            return taken;
        }
    }

    private UnrolledUsage Find(UsageEntryRow entry)
    {
        // A sequence that does not follow: what came between is not known, so that the sums begin anew.
        if (!_keys.TryGetValue(entry.KeyId, out var key) || !key.IsFollowedBy(entry))
        {
            _count -= key?.SumCount ?? 0;
            _keys[entry.KeyId] = key = new UnrolledUsage(entry.KeyId, entry.Sequence - 1);
        }

        return key;
    }

    /// <summary>False when there is no room for it: then the key has no sums, because they would have a gap.</summary>
    private bool TryAdd(UnrolledUsage key, UsageEntryRow entry)
    {
        var before = key.SumCount;
        key.Add(entry);
        _count += key.SumCount - before;
        if (_count <= SumsMax && key.SumCount <= SumsOfOneKeyMax)
        {
            return true;
        }

        _count -= key.SumCount;
        _keys.Remove(key.KeyId);
        return false;
    }
}
