using Microsoft.Extensions.Options;

namespace Relay.Silo.Warnings;

/// <summary>Checks the shares and the address. The address is told to nobody: it may have a secret in it.</summary>
internal sealed class WebhookValidator : IValidateOptions<WarningOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, WarningOptions options)
    {
        List<string> faults = [];
        if (options.Shares.Any(static share => share is < 1 or > 100))
        {
            faults.Add($"{WarningOptions.SectionName}:{nameof(WarningOptions.Shares)} must be of whole percents from 1 to 100.");
        }

        if (!string.IsNullOrEmpty(options.WebhookUrl)
            && !(Uri.TryCreate(options.WebhookUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            faults.Add($"{WarningOptions.SectionName}:{nameof(WarningOptions.WebhookUrl)} must be a URL that begins with http:// or https://.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
