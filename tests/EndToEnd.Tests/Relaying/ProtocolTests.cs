using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Other ways to speak HTTP than most SDKs have, and the largest body.</summary>
public sealed class ProtocolTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private static readonly (string Name, string Value)[] WithHttp2 =
    [
        ("Kestrel:Endpoints:1:Url", "http://127.0.0.1:0"),
        ("Kestrel:Endpoints:2:Url", "http://127.0.0.1:0"),
        ("Kestrel:Endpoints:2:Protocols", "Http2"),
    ];

    [Theory]
    [InlineData("")]
    [InlineData("\"stream\":true")]
    public async Task Http10_IsAnsweredAndTheConnectionClosed(string more)
    {
        var caller = await fixture.NewCallerAsync();
        using var client = await RawClient.ConnectAsync(fixture.Relay.BaseUrl);
        var body = RelayCaller.Chat(more);

        await client.SendAsync($"POST /v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer {caller.Key.Text}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await client.ReadToEndAsync();

        Assert.Equal(200, client.Status);
        Assert.DoesNotContain("chunked", client.Text, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith(more.Length > 0 ? "data: [DONE]\n\n" : "}", client.Text, StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Expect100_OfAnyBody_IsContinued()
    {
        var caller = await fixture.NewCallerAsync();
        using var client = await RawClient.ConnectAsync(fixture.Relay.BaseUrl);
        var body = RelayCaller.Chat("\"stream\":true");

        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: relay\r\nConnection: close\r\nAuthorization: Bearer {caller.Key.Text}\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n");
        await client.ReadUntilAsync("100 Continue\r\n\r\n");
        await client.SendAsync(body);
        await client.ReadToEndAsync();

        Assert.Contains("data: [DONE]", client.Text, StringComparison.Ordinal);
        Assert.Null(fixture.Upstream.Requests[^1].Header("expect"));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Http2_IsAnsweredAndCounted()
    {
        await using var relay = await RelayApplication.StartAsync(fixture.Upstream.BaseUrl, RelaySetup.With(WithHttp2));
        var caller = await RelayCaller.NewAsync(relay, fixture.Upstream);

        foreach (var (path, body, end) in new[]
        {
            ("/v1/chat/completions", RelayCaller.Chat(), "}"),
            ("/v1/chat/completions", RelayCaller.Chat("\"stream\":true"), "data: [DONE]\n\n"),
            ("/v1/responses", """{"model":"gpt-4o","input":"one two","stream":true}""", "}\n\n"),
        })
        {
            using var response = await SendAsync(relay, caller, path, body);
            Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (response.StatusCode, response.Version));
            Assert.EndsWith(end, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await Counts.AssertBilledAsync(caller, requests: 3);
    }

    [Fact]
    public async Task Http2_StreamCutByTheUpstream_IsReset()
    {
        await using var relay = await RelayApplication.StartAsync(fixture.Upstream.BaseUrl, RelaySetup.With(WithHttp2));
        var caller = await RelayCaller.NewAsync(relay, fixture.Upstream);
        fixture.Upstream.Next(new UpstreamScript().Tokens(3).CutByReset());

        using var response = await SendAsync(relay, caller, "/v1/chat/completions", RelayCaller.Chat("\"stream\":true"));

        await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync());
        Assert.Equal("upstream_error", (await caller.CallLineAsync())["Outcome"]);
    }

    [Fact]
    public async Task Body_OfSixtyFourMegabytes_ReachesTheUpstreamToTheByte()
    {
        const int Bytes = 64 * 1024 * 1024;
        const string Head = "{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"one two\"}],\"metadata\":{\"text\":\"";
        const string Spliced = "\"stream_options\":{\"include_usage\":true},";
        var body = new byte[Bytes];
        body.AsSpan().Fill((byte)'x');
        Encoding.UTF8.GetBytes(Head, body);
        "\"}}"u8.CopyTo(body.AsSpan(Bytes - 3));

        // Of its own, so that nothing keeps what it was sent.
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await RelayApplication.StartAsync(upstream.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream);
        using var request = caller.Request("/v1/chat/completions", body);

        using var response = await RelayCaller.SendAsync(request);

        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var sent = Assert.Single(upstream.Requests).Body;
        Assert.Equal("{" + Spliced, Encoding.UTF8.GetString(sent.Span[..(Spliced.Length + 1)]));
        Assert.True(sent.Span[(Spliced.Length + 1)..].SequenceEqual(body.AsSpan(1)));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    private static async Task<HttpResponseMessage> SendAsync(RelayApplication relay, RelayCaller caller, string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(relay.Addresses[1], path));
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", caller.Key.Text);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await RelayCaller.SendAsync(request);
    }
}
