using System.Net;
using Relay.Frontend.Upstreams;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Network;

public sealed class TlsTests
{
    [Fact]
    public async Task Relay_WithACertificateInItsSettings_SpeaksHttps()
    {
        using var certificates = TestCertificates.Create();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await RelayApplication.StartAsync(upstream.BaseUrl, RelaySetup.With(
            ("Kestrel:Endpoints:Https:Url", "https://127.0.0.1:0"),
            ("Kestrel:Certificates:Default:Path", certificates.ServerPath),
            ("Kestrel:Certificates:Default:KeyPath", certificates.ServerKeyPath)));
        using var client = new HttpMessageInvoker(UpstreamConnections.Create(
            new UpstreamTimeouts(), new UpstreamTlsOptions { CaFile = certificates.AuthorityPath }, TimeSpan.FromMinutes(5)));

        using var answer = await client.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, new Uri(relay.BaseUrl, "health/live")), CancellationToken.None);

        Assert.Equal("https", relay.BaseUrl.Scheme);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
