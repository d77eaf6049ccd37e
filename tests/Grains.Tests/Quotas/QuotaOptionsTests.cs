using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Quotas;

public sealed class QuotaOptionsTests
{
    [Fact]
    public void Validate_Defaults_AreValid()
    {
        Assert.True(new QuotaOptionsValidator().Validate(null, new QuotaOptions()).Succeeded);
        Assert.True(new TimeZoneValidator().Validate(null, new QuotaOptions()).Succeeded);
    }

    [Fact]
    public void Validate_OutOfRange_NamesEverySetting()
    {
        var faults = new QuotaOptionsValidator()
            .Validate(null, new QuotaOptions { HoldTimeoutSeconds = 4, SnapshotEvery = 0, SnapshotSeconds = -1, TimeZone = "" }).FailureMessage;

        Assert.Contains(nameof(QuotaOptions.HoldTimeoutSeconds), faults, StringComparison.Ordinal);
        Assert.Contains(nameof(QuotaOptions.SnapshotEvery), faults, StringComparison.Ordinal);
        Assert.Contains(nameof(QuotaOptions.SnapshotSeconds), faults, StringComparison.Ordinal);
        Assert.Contains(nameof(QuotaOptions.TimeZone), faults, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_UnknownTimeZone_NamesIt() =>
        Assert.Contains(
            "'Europe/Atlantis'",
            new TimeZoneValidator().Validate(null, new QuotaOptions { TimeZone = "Europe/Atlantis" }).FailureMessage,
            StringComparison.Ordinal);
}
