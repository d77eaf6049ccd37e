using Microsoft.Extensions.Options;

namespace Relay.Frontend.Standalone;

/// <summary>Checks what a process needs that is only a frontend.</summary>
internal sealed class FrontendRoleValidator(IConfiguration configuration) : IValidateOptions<StandaloneOptions>
{
    public ValidateOptionsResult Validate(string? name, StandaloneOptions options)
    {
        if (!string.Equals(options.Role, StandaloneOptions.FrontendRole, StringComparison.Ordinal))
        {
            return ValidateOptionsResult.Success;
        }

        var faults = new List<string>();
        if (configuration["Relay:Database:Provider"] is null
            || string.Equals(configuration["Relay:Database:Provider"], "Sqlite", StringComparison.OrdinalIgnoreCase))
        {
            faults.Add("Relay:Database:Provider must be PostgreSql or SqlServer when Relay:Role is Frontend: the silos are found there.");
        }

        if (string.IsNullOrWhiteSpace(configuration[StandaloneExtensions.AdminKeyVariable]))
        {
            faults.Add("RELAY_ADMIN_KEY must be set when Relay:Role is Frontend: all frontends of a cluster have the same.");
        }

        return faults.Count > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
