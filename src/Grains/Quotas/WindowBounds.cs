namespace Relay.Grains.Quotas;

/// <summary>A calendar window as a span of instants.</summary>
/// <param name="Start">The first instant; the earliest there is for <see cref="Window.Total"/>.</param>
/// <param name="End">The first instant after the window; null for <see cref="Window.Total"/>.</param>
public readonly record struct WindowBounds(DateTimeOffset Start, DateTimeOffset? End)
{
    // More than the largest offset from UTC (14 hours), so that a local midnight surely lies within this of the same
    // figures read as UTC.
    private static readonly TimeSpan OffsetReach = TimeSpan.FromHours(15);

    /// <summary>The window of that kind that contains the instant, in the zone's calendar.</summary>
    public static WindowBounds Of(Window window, DateTimeOffset instant, TimeZoneInfo zone) => window switch
    {
        Window.Minute => OfElapsed(instant, zone, TimeSpan.FromMinutes(1)),
        Window.Hour => OfElapsed(instant, zone, TimeSpan.FromHours(1)),
        Window.Day => OfDates(instant, zone, static date => date, static date => date.AddDays(1)),
        Window.Week => OfDates(instant, zone, MondayOf, static date => date.AddDays(7)),
        Window.Month => OfDates(instant, zone, static date => date.AddDays(1 - date.Day), static date => date.AddMonths(1)),
        Window.Total => new WindowBounds(DateTimeOffset.MinValue, null),
        _ => throw new ArgumentOutOfRangeException(nameof(window), window, "There is no such window."),
    };

    /// <summary>
    /// Minutes and hours by the time that has passed in them, so that both passes of a repeated hour are windows of their own.
    /// A change of the zone's offset inside one (Lord Howe shifts by half an hour) ends it and begins the next.
    /// </summary>
    private static WindowBounds OfElapsed(DateTimeOffset instant, TimeZoneInfo zone, TimeSpan length)
    {
        var offset = zone.GetUtcOffset(instant);
        var start = instant.ToUniversalTime() - TimeSpan.FromTicks((instant.UtcTicks + offset.Ticks) % length.Ticks);
        var end = start + length;
        if (zone.GetUtcOffset(start) != offset)
        {
            start = FirstWithOffset(zone, offset, start, instant.ToUniversalTime());
        }

        var offsetAfter = zone.GetUtcOffset(end.AddTicks(-1));
        if (offsetAfter != offset)
        {
            end = FirstWithOffset(zone, offsetAfter, instant.ToUniversalTime(), end.AddTicks(-1));
        }

        return new WindowBounds(start, end);
    }

    private static WindowBounds OfDates(
        DateTimeOffset instant, TimeZoneInfo zone, Func<DateTime, DateTime> firstDate, Func<DateTime, DateTime> nextDate)
    {
        var first = firstDate(TimeZoneInfo.ConvertTime(instant, zone).Date);
        var next = nextDate(first);
        var end = Midnight(next, zone);
        if (instant < end)
        {
            return new WindowBounds(Midnight(first, zone), end);
        }

        // Clocks that are set back over midnight (Newfoundland did so at 00:01) show the old date again after the new
        // one has begun. The new one stays begun.
        return new WindowBounds(end, Midnight(nextDate(next), zone));
    }

    private static DateTime MondayOf(DateTime date) => date.AddDays(-(((int)date.DayOfWeek + 6) % 7));

    /// <summary>The first instant at which the zone's clocks show that date's midnight or, where they skip it, a later time.</summary>
    private static DateTimeOffset Midnight(DateTime date, TimeZoneInfo zone)
    {
        var asUtc = new DateTimeOffset(date.Ticks, TimeSpan.Zero);
        var low = asUtc - OffsetReach;
        var high = asUtc + OffsetReach;
        var before = zone.GetUtcOffset(low);
        var after = zone.GetUtcOffset(high);
        if (before == after)
        {
            return asUtc - before;
        }

        var change = FirstWithOffset(zone, after, low, high);
        if (asUtc - before < change)
        {
            return asUtc - before;
        }

        return asUtc - after > change ? asUtc - after : change;
    }

    /// <summary>Finds a change of offset: <paramref name="low"/> lies before it, <paramref name="high"/> after or at it.</summary>
    private static DateTimeOffset FirstWithOffset(TimeZoneInfo zone, TimeSpan offset, DateTimeOffset low, DateTimeOffset high)
    {
        while (high.UtcTicks - low.UtcTicks > 1)
        {
            var middle = low.AddTicks((high.UtcTicks - low.UtcTicks) / 2);
            if (zone.GetUtcOffset(middle) == offset)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return high;
    }
}
