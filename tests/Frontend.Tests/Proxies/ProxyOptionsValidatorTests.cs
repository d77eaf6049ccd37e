using Relay.Frontend.Proxies;

namespace Relay.Frontend.Tests.Proxies;

public sealed class ProxyOptionsValidatorTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("10.0.0.1, ::1", "10.0.0.0/8,fd00::/8", 0)]
    [InlineData("proxy.example", "", 1)]
    [InlineData("10.0.0.1,10.0.0.300", "10.0.0.0/33,nets", 3)]
    public void Validate_Lists_NamesEachWrongPart(string proxies, string networks, int faults)
    {
        var result = new ProxyOptionsValidator().Validate(null, new ProxyOptions { KnownProxies = proxies, KnownNetworks = networks });

        Assert.Equal(faults, result.Failures?.Count() ?? 0);
    }
}
