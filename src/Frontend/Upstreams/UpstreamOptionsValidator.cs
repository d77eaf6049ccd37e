using Microsoft.Extensions.Options;

namespace Relay.Frontend.Upstreams;

/// <summary>Checks the form of <see cref="UpstreamOptions"/>; a key's value is never repeated.</summary>
internal sealed class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamOptions options)
    {
        var faults = new List<string>();
        if (!string.IsNullOrWhiteSpace(options.BaseUrl)
            && (!Uri.TryCreate(options.BaseUrl.Trim(), UriKind.Absolute, out var uri)
                || uri.Scheme is not ("http" or "https")
                || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0))
        {
            faults.Add($"OPENAI_BASE_URL must be an http or https address without user, query or fragment, such as https://api.openai.com/v1.");
        }

        if (options.ApiKey?.Trim().AsSpan().ContainsAnyExceptInRange('!', '~') == true)
        {
            faults.Add("OPENAI_API_KEY holds characters that no HTTP header can carry. Paste the key alone, without quotes or spaces.");
        }

        return faults.Count > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
