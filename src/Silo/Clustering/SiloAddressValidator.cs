using System.Net;
using Microsoft.Extensions.Options;

namespace Relay.Silo.Clustering;

/// <summary>Checks what of <see cref="MembershipOptions"/> is no range.</summary>
internal sealed class SiloAddressValidator : IValidateOptions<MembershipOptions>
{
    public ValidateOptionsResult Validate(string? name, MembershipOptions options)
    {
        if (options.Address is not null
            && (!IPAddress.TryParse(options.Address, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            return ValidateOptionsResult.Fail(
                $"Relay:Cluster:Address is '{options.Address}': it must be one IP address of this machine, such as 10.0.0.5.");
        }

        return options.SiloPort == options.GatewayPort
            ? ValidateOptionsResult.Fail("Relay:Cluster:SiloPort and Relay:Cluster:GatewayPort must differ.")
            : ValidateOptionsResult.Success;
    }
}
