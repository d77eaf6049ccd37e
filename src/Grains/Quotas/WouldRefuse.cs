namespace Relay.Grains.Quotas;

/// <summary>How many calls each limit that only observes would have refused in its current window, since the activation began.</summary>
internal sealed class WouldRefuse
{
    // Limits come and go; each of a key's at one time has a place.
    private const int LimitsMax = 200;

    private readonly Dictionary<Limit, (DateTimeOffset? End, long Calls)> _counts = [];

    /// <summary>Counts a call in the window that ends then.</summary>
    public void Add(Limit limit, DateTimeOffset? end)
    {
        var calls = Of(limit, end) + 1;
        if (_counts.Count >= LimitsMax && !_counts.ContainsKey(limit))
        {
            _counts.Clear();
        }

        _counts[limit] = (end, calls);
    }

    /// <summary>How many there were in that window.</summary>
    public long Of(Limit limit, DateTimeOffset? end) =>
        _counts.TryGetValue(limit, out var count) && count.End == end ? count.Calls : 0;
}
