using Microsoft.Extensions.Configuration;
using Relay.Configuration;

namespace Relay.Frontend.Tests.Configuration;

public sealed class AddressCheckTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("HTTP://LOCALHOST:8080/")]
    [InlineData("http://[::1]:8080;https://*:8443")]
    [InlineData("http://+:80")]
    [InlineData("http://unix:/run/relay.sock")]
    public void FindFaults_GoodUrls_FindsNone(string urls) => Assert.Empty(Find("urls", urls));

    [Theory]
    [InlineData("127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:80a")]
    [InlineData("http://127.0.0.1:-1")]
    [InlineData("http://127.0.0.1:65536")]
    [InlineData("http://relay.example:8080")]
    [InlineData("http://127.0.0.1:8080/v1")]
    [InlineData("ftp://127.0.0.1:8080")]
    [InlineData("http://")]
    public void FindFaults_BadUrl_NamesIt(string url) =>
        Assert.Contains($"'{url}'", Assert.Single(Find("urls", $"http://127.0.0.1:1;{url}")), StringComparison.Ordinal);

    [Theory]
    [InlineData("http_ports", "80;x", "ASPNETCORE_HTTP_PORTS")]
    [InlineData("https_ports", "65536", "ASPNETCORE_HTTPS_PORTS")]
    public void FindFaults_BadPort_NamesTheVariable(string name, string value, string variable) =>
        Assert.Contains(variable, Assert.Single(Find(name, value)), StringComparison.Ordinal);

    private static IEnumerable<string> Find(string name, string value) => AddressCheck.FindFaults(
        new ConfigurationBuilder().AddInMemoryCollection([new KeyValuePair<string, string?>(name, value)]).Build());
}
