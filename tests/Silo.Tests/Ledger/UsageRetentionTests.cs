using Relay.Silo.Ledger;

namespace Relay.Silo.Tests.Ledger;

public sealed class UsageRetentionTests
{
    [Theory]
    [InlineData("2026-03-20T06:00", 7, "2026-02-28T00:00")]
    [InlineData("2026-03-20T06:00", 30, "2026-02-17T06:00")]
    [InlineData("2026-03-02T06:00", 7, "2026-02-22T06:00")]
    [InlineData("2026-03-01T06:00", 7, "2026-01-31T00:00")]
    [InlineData("2026-01-01T00:00", 7, "2025-11-30T00:00")]
    public void Cutoff_AnyTime_IsADayBeforeTheAgeAndTheMonth(string now, int retentionDays, string cutoff) =>
        Assert.Equal(Utc(cutoff), UsageRetention.CutoffOf(Utc(now), retentionDays));

    [Fact]
    public void Cutoff_AnyZoneAndTime_LiesBeforeEveryOpenMonth()
    {
        foreach (var id in new[] { "Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe" })
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
            for (var now = Utc("2026-01-01T00:00"); now < Utc("2027-02-01T00:00"); now = now.AddMinutes(90))
            {
                var local = TimeZoneInfo.ConvertTime(now, zone);
                var month = new DateTimeOffset(local.Year, local.Month, 1, 0, 0, 0, local.Offset);
                Assert.True(UsageRetention.CutoffOf(now, 7) < month.AddHours(-2), $"{id} {now:O}");
            }
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(7, true)]
    [InlineData(3650, true)]
    [InlineData(-1, false)]
    [InlineData(1, false)]
    [InlineData(6, false)]
    [InlineData(3651, false)]
    public void RetentionDays_AnyNumber_IsNoneOrWithinItsRange(int days, bool isValid)
    {
        var result = new RetentionDaysValidator().Validate(null, new ReportOptions { RetentionDays = days });

        Assert.Equal(isValid, result.Succeeded);
        Assert.True(isValid || result.FailureMessage?.StartsWith("Relay:Reports:RetentionDays is", StringComparison.Ordinal) == true);
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse($"{text}Z", System.Globalization.CultureInfo.InvariantCulture);
}
