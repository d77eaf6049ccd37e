using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Network;

/// <summary>Whose word Relay takes for a caller's address; the line about a caller without the admin key shows which one it took.</summary>
public sealed class ForwardedHeadersTests
{
    private const string Peer = "127.0.0.1";

    [Theory]
    [InlineData("", "", "203.0.113.9", Peer)]
    [InlineData("10.9.8.7", "10.0.0.0/8, 192.168.0.0/16", "203.0.113.9", Peer)]
    [InlineData("10.9.8.7, 127.0.0.1", "", "203.0.113.9", "203.0.113.9")]
    [InlineData("", "127.0.0.0/8", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "", "198.51.100.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1,203.0.113.9", "", "198.51.100.1, 203.0.113.9", "198.51.100.1")]
    public async Task Address_ByForwardedFor_IsTakenFromKnownProxiesOnly(string proxies, string networks, string forwardedFor, string expected)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await RelayApplication.StartAsync(
            upstream.BaseUrl,
            RelaySetup.With(("Relay:ForwardedHeaders:KnownProxies", proxies), ("Relay:ForwardedHeaders:KnownNetworks", networks)));
        using var client = new HttpClient { BaseAddress = relay.BaseUrl };
        client.DefaultRequestHeaders.Add("X-Forwarded-For", forwardedFor);

        using var answer = await client.GetAsync(new Uri("admin/api/keys", UriKind.Relative));

        var line = await relay.Logs.FindAsync(line => line["Address"] is not null);
        Assert.Equal(expected, line["Address"]);
    }
}
