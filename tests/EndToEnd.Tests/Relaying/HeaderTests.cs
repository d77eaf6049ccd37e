using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Nothing of a client's secrets reaches the upstream, and nothing of the upstream's the client.</summary>
public sealed class HeaderTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static readonly string[] OfTheUpstreamOnly =
        ["openai-organization", "openai-project", "set-cookie", "server", "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "cf-ray", "connection", "keep-alive"];

    [Theory]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/v1/models", false)]
    public async Task Request_SecretsOfTheClient_NeverReachTheUpstream(string path, bool post)
    {
        string[] kept = ["authorization", "user-agent", "x-stainless-lang", "openai-beta", "accept", "host", "content-type", "content-length", "traceparent", "tracestate"];
        var caller = await fixture.NewCallerAsync();
        using var request = caller.Request(path, post ? RelayCaller.Chat() : null);
        foreach (var (name, value) in new[]
        {
            ("cookie", "session=client-secret"), ("api-key", "client-secret"), ("x-api-key", "client-secret"), ("openai-organization", "org-client-secret"),
            ("openai-project", "client-secret"), ("proxy-authorization", "Basic client-secret"), ("te", "trailers"), ("upgrade", "h2c"), ("x-odd", "client-secret"),
            ("connection", "x-odd, keep-alive"), ("keep-alive", "timeout=5"), ("x-forwarded-for", "10.1.1.1"), ("forwarded", "for=10.1.1.1"), ("via", "1.1 client"),
            ("x-request-id", "client-secret"), ("traceparent", TraceParent), ("tracestate", "vendor=1"), ("baggage", "user=client-secret"), ("accept-encoding", "gzip, br"),
            ("user-agent", "OpenAI/Python 1.99"), ("x-stainless-lang", "python"), ("openai-beta", "assistants=v2"), ("accept", "application/json"),
        })
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await RelayCaller.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var sent = fixture.Upstream.Requests[^1];
        Assert.Empty(sent.Headers.Select(header => header.Key.ToLowerInvariant()).Except(kept));
        Assert.Equal($"Bearer {RelayApplication.UpstreamKey}", sent.Header("authorization"));
        Assert.Equal("OpenAI/Python 1.99", sent.Header("user-agent"));
        Assert.Equal("python", sent.Header("x-stainless-lang"));
        Assert.Equal((TraceParent, "vendor=1"), (sent.Header("traceparent"), sent.Header("tracestate")));
        Assert.Equal("assistants=v2", sent.Header("openai-beta"));
        Assert.Equal(fixture.Upstream.BaseUrl.Authority, sent.Header("host"));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "")]
    [InlineData("/v1/chat/completions", "\"stream\":true")]
    [InlineData("/v1/models", null)]
    public async Task Answer_SecretsOfTheUpstream_NeverReachTheClient(string path, string? more)
    {
        fixture.Upstream.Next(new UpstreamScript()
            .WithHeader("server", "cloudflare").WithHeader("cf-ray", "9").WithHeader("keep-alive", "timeout=5")
            .WithHeader("retry-after", "3").Complete());
        var caller = await fixture.NewCallerAsync();

        using var response = await RelayCaller.SendAsync(caller.Request(path, more is null ? null : RelayCaller.Chat(more)));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(response.Headers.Select(header => header.Key.ToLowerInvariant()).Intersect(OfTheUpstreamOnly));
        Assert.Equal("12", response.Headers.GetValues("openai-processing-ms").Single());
        Assert.Equal("2020-10-01", response.Headers.GetValues("openai-version").Single());
        Assert.NotEqual(FakeUpstream.RequestId, RequestIdOf(response));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "{")]
    [InlineData("/v1/chat/completions", "{\"model\":\"gpt-4o\",\"messages\":[]}")]
    [InlineData("/v1/nothing", "{}")]
    [InlineData("/v1/models/gpt-0", null)]
    [InlineData("/v1/chat/completions", null)]
    [InlineData("/admin/api/keys", null)]
    [InlineData("/admin/api/nothing", null)]
    public async Task Answer_WhateverItIs_HasRelaysOwnRequestId(string path, string? body)
    {
        var caller = await fixture.NewCallerAsync();
        using var request = caller.Request(path, body);
        request.Headers.Add("x-request-id", "req_of_the_client");

        using var response = await RelayCaller.SendAsync(request);

        Assert.Matches("^req_[0-9a-f]{32}$", RequestIdOf(response));
        Assert.False(response.Headers.Contains("server"));
    }

    [Fact]
    public async Task Answer_RequestId_IsTheOneInTheLog()
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat());

        await response.Content.ReadAsStringAsync();
        Assert.Equal((await caller.CallLineAsync())["RequestId"], RequestIdOf(response));
    }

    [Theory]
    [InlineData("api-key")]
    [InlineData("x-api-key")]
    public async Task Key_InAnotherHeader_IsTaken(string header)
    {
        var caller = await fixture.NewCallerAsync();
        using var request = caller.Request("/v1/chat/completions", RelayCaller.Chat());
        request.Headers.Authorization = null;
        request.Headers.Add(header, caller.Key.Text);

        using var response = await RelayCaller.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Null(fixture.Upstream.Requests[^1].Header(header));
        await response.Content.ReadAsStringAsync();
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    private static string RequestIdOf(HttpResponseMessage response) => Assert.Single(response.Headers.GetValues("x-request-id"));
}
