using System.Net;
using Microsoft.Extensions.Options;

namespace Relay.Silo.Clustering;

/// <summary>Checks what of <see cref="MembershipOptions"/> is no range.</summary>
internal sealed class SiloAddressValidator : IValidateOptions<MembershipOptions>
{
    public ValidateOptionsResult Validate(string? name, MembershipOptions options)
    {
        List<string> faults =
        [
            .. FindFault(nameof(options.Address), options.Address),
            .. FindFault(nameof(options.ListenAddress), options.ListenAddress),
        ];
        if (options.SiloPort == options.GatewayPort)
        {
            faults.Add("Relay:Cluster:SiloPort and Relay:Cluster:GatewayPort must differ.");
        }

        return faults.Count > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }

    private static IEnumerable<string> FindFault(string setting, string? text) =>
        text is null || (IPAddress.TryParse(text, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            ? []
            : [$"Relay:Cluster:{setting} is '{text}': it must be one IP address, such as 10.0.0.5."];
}
