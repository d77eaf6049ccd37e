using Microsoft.Extensions.Options;

namespace Relay.Silo.Ledger;

/// <summary>Checks how long entries are kept. Shorter than a week, a call's late count could come after its entries are gone.</summary>
internal sealed class RetentionDaysValidator : IValidateOptions<ReportOptions>
{
    public ValidateOptionsResult Validate(string? name, ReportOptions options) =>
        options.RetentionDays is 0 or (>= ReportOptions.RetentionDaysMin and <= ReportOptions.RetentionDaysMax)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{ReportOptions.SectionName}:{nameof(ReportOptions.RetentionDays)} is {options.RetentionDays}; give "
                + $"{ReportOptions.RetentionDaysMin} to {ReportOptions.RetentionDaysMax} days, or 0 to keep every entry for ever.");
}
