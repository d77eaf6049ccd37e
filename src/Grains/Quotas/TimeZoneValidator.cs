using Microsoft.Extensions.Options;

namespace Relay.Grains.Quotas;

/// <summary>Checks that this machine knows the time zone.</summary>
internal sealed class TimeZoneValidator : IValidateOptions<QuotaOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, QuotaOptions options) =>
        // An empty id is reported with the ranges.
        string.IsNullOrEmpty(options.TimeZone) || TimeZoneInfo.TryFindSystemTimeZoneById(options.TimeZone, out _)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{QuotaOptions.SectionName}:{nameof(QuotaOptions.TimeZone)} is '{options.TimeZone}', which is no time zone here; "
                + "give an IANA id such as 'UTC' or 'Europe/Berlin', and see that the system has its time zone data.");
}
