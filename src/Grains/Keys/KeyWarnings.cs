using Relay.Grains.Allotments;
using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>Tells when a share of a limit of the key's own is used up, each once in a window. One activation's.</summary>
/// <param name="keyId">The key.</param>
/// <param name="book">Its book.</param>
/// <param name="warnings">Where is told.</param>
internal sealed class KeyWarnings(string keyId, QuotaBook book, ILimitWarnings warnings)
{
    private readonly Dictionary<Limit, (DateTimeOffset? End, int Percent)> _told = [];

    /// <summary>Takes what is used already for told: an activation before this one saw it.</summary>
    public void Begin(Instant now) => Look(now, static _ => { });

    /// <summary>Tells of what was used up since.</summary>
    public void Look(Instant now) => Look(now, warnings.Tell);

    private void Look(Instant now, Action<LimitWarning> tell)
    {
        foreach (var limit in book.Limits)
        {
            if (limit.Metric == Metric.Concurrency || limit.Amount == 0)
            {
                continue;
            }

            var (used, end) = book.UsedOf(limit, now);
            var (toldEnd, told) = _told.GetValueOrDefault(limit);
            if (toldEnd != end)
            {
                told = 0;
            }

            var reached = LimitWarning.ReachedOf(warnings.Shares, used, limit.Amount);
            if (reached > told)
            {
                tell(new LimitWarning(Level.Key, keyId, limit, reached, used, end));
                _told[limit] = (end, reached);
            }
        }
    }
}
