using System.Net;
using Microsoft.Extensions.Options;

namespace Relay.Frontend.Proxies;

/// <summary>Checks the form of <see cref="ProxyOptions"/>.</summary>
internal sealed class ProxyOptionsValidator : IValidateOptions<ProxyOptions>
{
    public ValidateOptionsResult Validate(string? name, ProxyOptions options)
    {
        List<string> faults =
        [
            .. ProxyOptions.Split(options.KnownProxies)
                .Where(address => !IPAddress.TryParse(address, out _))
                .Select(address => $"{ProxyOptions.SectionName}:KnownProxies has '{address}', which is no IP address."),
            .. ProxyOptions.Split(options.KnownNetworks)
                .Where(network => !IPNetwork.TryParse(network, out _))
                .Select(network => $"{ProxyOptions.SectionName}:KnownNetworks has '{network}', which is no network such as 10.1.0.0/16."),
        ];
        return faults.Count > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
