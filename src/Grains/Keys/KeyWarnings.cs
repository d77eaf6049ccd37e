using Relay.Grains.Allotments;
using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>Tells when a share of a limit of the key's own is used up, each once in a window. One activation's.</summary>
/// <param name="keyId">The key.</param>
/// <param name="book">Its book.</param>
/// <param name="warnings">Where is told.</param>
internal sealed class KeyWarnings(string keyId, QuotaBook book, ILimitWarnings warnings)
{
    private readonly Action<LimitWarning> _tell = warnings.Tell;
    private readonly List<Told> _known = [];
    private ImmutableArray<Limit> _limits = [];
    private Told[] _current = [];

    /// <summary>Takes what is used already for told: an activation before this one saw it.</summary>
    public void Begin(Instant now) => Look(now, static _ => { });

    /// <summary>Tells of what was used up since.</summary>
    public void Look(Instant now) => Look(now, _tell);

    private void Look(Instant now, Action<LimitWarning> tell)
    {
        if (_limits != book.Limits)
        {
            (_limits, _current) = (book.Limits, [.. book.Limits.Select(Of)]);
        }

        foreach (var told in _current)
        {
            if (told.Limit.Metric != Metric.Concurrency && told.Limit.Amount > 0)
            {
                Look(told, now, tell);
            }
        }
    }

    /// <summary>A limit that stays as it was, or comes back, is told of no more than before.</summary>
    private Told Of(Limit limit)
    {
        if (_known.Find(known => known.Limit == limit) is not { } told)
        {
            _known.Add(told = new Told(limit));
        }

        return told;
    }

    private void Look(Told told, Instant now, Action<LimitWarning> tell)
    {
        var (used, end) = book.UsedOf(told.Limit, now);
        if (told.End != end)
        {
            (told.End, told.Percent) = (end, 0);
        }

        var reached = LimitWarning.ReachedOf(warnings.Shares, used, told.Limit.Amount);
        if (reached > told.Percent)
        {
            tell(new LimitWarning(Level.Key, keyId, told.Limit, reached, used, end));
            told.Percent = reached;
        }
    }

    /// <summary>What was told of a limit, in the window that ends then.</summary>
    private sealed class Told(Limit limit)
    {
        public Limit Limit { get; } = limit;

        public DateTimeOffset? End { get; set; }

        public int Percent { get; set; }
    }
}
