using CsCheck;
using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Quotas;

public sealed class WindowBoundsTests
{
    private static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
        "America/St_Johns", "America/Havana", "Africa/Casablanca", "Asia/Kolkata", "Pacific/Kiritimati", "America/Los_Angeles",
    ];

    private static readonly DateTimeOffset First = new(1990, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Any instant would seldom meet a change of clocks, so half of them lie within two days of one.
    private static readonly Gen<(TimeZoneInfo Zone, DateTimeOffset Instant)> ZonedInstants =
        from zone in Gen.OneOf(Zones).Select(TimeZoneInfo.FindSystemTimeZoneById)
        from near in Gen.Bool
        from seconds in Gen.Long[0, 45L * 365 * 86_400]
        from ticks in Gen.Long[-2 * TimeSpan.TicksPerDay, 2 * TimeSpan.TicksPerDay]
        let instant = First.AddSeconds(seconds)
        select (zone, near ? ChangeAfter(zone, instant).AddTicks(ticks) : instant.AddTicks(ticks));

    private static readonly Gen<Window> Windows = Gen.OneOf(Enum.GetValues<Window>());

    [Theory]
    [InlineData("UTC", Window.Minute, "2026-03-01T10:20:30Z", "2026-03-01T10:20:00Z", "2026-03-01T10:21:00Z")]
    [InlineData("Asia/Kathmandu", Window.Hour, "2026-03-01T10:20:30Z", "2026-03-01T10:15:00Z", "2026-03-01T11:15:00Z")]
    [InlineData("Europe/Berlin", Window.Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("Europe/Berlin", Window.Hour, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")]
    [InlineData("Europe/Berlin", Window.Hour, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z")]
    [InlineData("UTC", Window.Week, "2026-03-01T10:20:30Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("UTC", Window.Month, "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z")]
    [InlineData("Europe/Berlin", Window.Month, "2026-03-31T22:30:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z")]
    public void Of_PlainCalendar_IsTheLocalWindow(string zone, Window window, string instant, string start, string end) =>
        AssertBounds(zone, window, instant, start, end);

    [Theory]
    // 15 October 2017 began at 01:00 in São Paulo.
    [InlineData("America/Sao_Paulo", Window.Day, "2017-10-15T12:00:00Z", "2017-10-15T03:00:00Z", "2017-10-16T02:00:00Z")]
    // Havana showed 00:00 to 00:59 twice on 5 November 2017.
    [InlineData("America/Havana", Window.Day, "2017-11-05T05:30:00Z", "2017-11-05T04:00:00Z", "2017-11-06T05:00:00Z")]
    // Newfoundland set 00:01 back to 23:01 on 2 November 2008: 1 November came back, but the new day stays begun.
    [InlineData("America/St_Johns", Window.Day, "2008-11-02T02:45:00Z", "2008-11-02T02:30:00Z", "2008-11-03T03:30:00Z")]
    // Samoa had no 30 December 2011.
    [InlineData("Pacific/Apia", Window.Day, "2011-12-30T09:59:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")]
    [InlineData("Pacific/Apia", Window.Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")]
    // Lord Howe went from 02:00 to 02:30 on 4 October 2026: an hour of thirty minutes.
    [InlineData("Australia/Lord_Howe", Window.Hour, "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z")]
    public void Of_ClocksChange_SkipsOrRepeatsNothing(string zone, Window window, string instant, string start, string end) =>
        AssertBounds(zone, window, instant, start, end);

    [Fact]
    public void Of_Total_NeverEnds() =>
        Assert.Equal(
            new WindowBounds(DateTimeOffset.MinValue, null),
            WindowBounds.Of(Window.Total, First, TimeZoneInfo.Utc));

    [Fact]
    public void Of_AnyInstant_LiesInItsWindow() =>
        Gen.Select(ZonedInstants, Windows).Sample((zoned, window) =>
        {
            var bounds = WindowBounds.Of(window, zoned.Instant, zoned.Zone);
            return bounds.Start <= zoned.Instant && !(zoned.Instant >= bounds.End);
        }, iter: 20_000);

    [Fact]
    public void Of_ConsecutiveWindows_Touch() =>
        Gen.Select(ZonedInstants, Windows).Where(static (_, window) => window != Window.Total).Sample((zoned, window) =>
        {
            var bounds = WindowBounds.Of(window, zoned.Instant, zoned.Zone);
            var next = WindowBounds.Of(window, bounds.End!.Value, zoned.Zone);
            var previous = WindowBounds.Of(window, bounds.Start.AddTicks(-1), zoned.Zone);
            return next.Start == bounds.End && previous.End == bounds.Start;
        }, iter: 20_000);

    [Fact]
    public void Of_TwoInstantsOfOneWindow_IsTheSame() =>
        Gen.Select(ZonedInstants, Windows, Gen.Double[0, 1]).Where(static (_, window, _) => window != Window.Total)
            .Sample((zoned, window, share) =>
            {
                var bounds = WindowBounds.Of(window, zoned.Instant, zoned.Zone);
                var length = bounds.End!.Value - bounds.Start;
                var other = bounds.Start.AddTicks((long)((length.Ticks - 1) * share));
                return WindowBounds.Of(window, other, zoned.Zone) == bounds;
            }, iter: 20_000);

    private static void AssertBounds(string zone, Window window, string instant, string start, string end) =>
        Assert.Equal(
            new WindowBounds(At(start), At(end)),
            WindowBounds.Of(window, At(instant), TimeZoneInfo.FindSystemTimeZoneById(zone)));

    private static DateTimeOffset At(string text) =>
        DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The first change of the zone's offset within a year, to the hour, or that instant if there is none.</summary>
    private static DateTimeOffset ChangeAfter(TimeZoneInfo zone, DateTimeOffset instant)
    {
        for (var days = 0; days < 366; days++)
        {
            var later = instant.AddDays(days);
            if (zone.GetUtcOffset(later) != zone.GetUtcOffset(instant))
            {
                return later;
            }
        }

        return instant;
    }
}
