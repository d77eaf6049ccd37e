using Microsoft.Extensions.Options;

namespace Relay.Frontend.Upstreams;

/// <summary>Checks that the file of <see cref="UpstreamTlsOptions"/> can be used.</summary>
internal sealed class UpstreamTlsOptionsValidator : IValidateOptions<UpstreamTlsOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamTlsOptions options)
    {
        try
        {
            foreach (var authority in options.ReadAuthorities() ?? [])
            {
                authority.Dispose();
            }

            return ValidateOptionsResult.Success;
        }
        catch (Exception e)
        {
            return ValidateOptionsResult.Fail(
                $"{UpstreamTlsOptions.SectionName}:CaFile must be a PEM file of certificates; '{options.CaFile}' cannot be used: {e.Message.ReplaceLineEndings(" ")}");
        }
    }
}
