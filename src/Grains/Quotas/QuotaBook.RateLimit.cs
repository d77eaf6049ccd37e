using Relay.Grains.Accounts;
using Relay.Grains.Admission;

namespace Relay.Grains.Quotas;

/// <content>What the rate-limit headers show.</content>
internal sealed partial class QuotaBook
{
    /// <summary>
    /// The limit that the rate-limit headers of a call show, of all levels: of exactly that metric and about that model, the minute or hour
    /// limit with the least remaining, else the longer one with the least remaining, else null.
    /// </summary>
    public RateLimitStatus? RateLimit(Metric metric, string model, Instant now, AccountPath? path = null)
    {
        Advance(now.Wall);
        var shown = default((Limit Limit, long Remaining)?);
        foreach (var limit in Limits)
        {
            if (limit.Metric == metric && limit.Enforcement != Enforcement.Observe && Covers(limit, model))
            {
                shown = Tighter(shown, (limit, RoomOf(limit)));
            }
        }

        foreach (var slot in path is null ? [] : SlotsOf(path))
        {
            var limit = slot.Limit.Limit;
            if (limit.Metric == metric
                && limit.Enforcement != Enforcement.Observe
                && Covers(limit, model)
                && RoomAtMost(slot.Limit.Key, RoomOf(slot)) is { } most)
            {
                shown = Tighter(shown, (limit, most));
            }
        }

        return shown is var (tightest, remaining)
            ? new RateLimitStatus(tightest.Amount, Math.Max(remaining, 0), CountsOf(tightest.Window).End - _latest)
            : null;
    }

    /// <summary>The one that the headers show, of equal ones the first.</summary>
    private static (Limit Limit, long Remaining)? Tighter((Limit Limit, long Remaining)? shown, (Limit Limit, long Remaining) other)
    {
        static bool IsLong(Limit limit) => limit.Window is not (Window.Minute or Window.Hour);
        return shown is not { } known
            || (IsLong(known.Limit), Math.Max(known.Remaining, 0)).CompareTo((IsLong(other.Limit), Math.Max(other.Remaining, 0))) > 0
                ? other
                : known;
    }
}
