using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Errors, the upstream's and Relay's own in place of its answer: no secret in them, and Relay's own headers with them.</summary>
public sealed class ErrorAnswerTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(100_000, false)]
    [InlineData(7, true)]
    public async Task Error_ThatRepeatsTheUpstreamsKey_HidesIt(int pieceBytes, bool gzip)
    {
        var script = UpstreamScript.Error(401, "invalid_request_error", "invalid_api_key", $"Incorrect API key provided: {RelayApplication.UpstreamKey}. {RelayApplication.UpstreamKey}");
        fixture.Upstream.Next((gzip ? script.WithGzip() : script).WithPiecesOf(pieceBytes));
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat());

        var hidden = new string('*', RelayApplication.UpstreamKey.Length);
        Assert.Equal($"Incorrect API key provided: {hidden}. {hidden}", (await Errors.ReadAsync(response, HttpStatusCode.Unauthorized)).Message);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Answer_ThatFailsBeforeItsFirstByte_IsAnErrorWithTheKeysOwnLimits()
    {
        await using var raw = RawUpstream.Start("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nretry-after: 99\r\nContent-Length: 500\r\n\r\n"u8.ToArray());
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null, new KeyLimit("requests", "minute", 5));

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal("upstream_error", (await Errors.ReadAsync(response, HttpStatusCode.BadGateway)).Code);
        Assert.Equal("5", response.Headers.GetValues("x-ratelimit-limit-requests").Single());
        Assert.Equal("4", response.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        Assert.False(response.Headers.Contains("retry-after"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_ThatComesBeforeTheBodyWasRead_Passes(bool closes)
    {
        const string Error = """{"error":{"message":"Too large.","type":"invalid_request_error","param":null,"code":null}}""";
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync($"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {Error.Length}\r\n{(closes ? "Connection: close\r\n" : "")}\r\n{Error}");
            await connection.ClientClosedAsync();
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);

        // More than any buffer on the way takes, so that it cannot have been sent whole.
        using var response = await caller.PostAsync(RelayCaller.Chat($"\"metadata\":{{\"text\":\"{new string('x', 30_000_000)}\"}}"));

        Assert.Equal("Too large.", (await Errors.ReadAsync(response, HttpStatusCode.BadRequest)).Message);
        Assert.Equal((1, 0), ((await caller.UsageAsync()).Requests, (await caller.UsageAsync()).Tokens.TotalTokens));
    }

    [Fact]
    public async Task RateLimit_WithoutAWait_PassesWithoutOne()
    {
        fixture.Upstream.Next(UpstreamScript.RateLimited());
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat());

        await Errors.ReadAsync(response, HttpStatusCode.TooManyRequests);
        Assert.False(response.Headers.Contains("retry-after"));
        Assert.False(response.Headers.Contains("x-should-retry"));
    }

    [Fact]
    public async Task Stream_WithAMalformedFrame_PassesItAndCountsTheRest()
    {
        const string Broken = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\n\n";
        fixture.Upstream.Next(new UpstreamScript().Tokens(2).Write(Broken).Complete());
        var caller = await fixture.NewCallerAsync();

        var text = await caller.AskAsync(RelayCaller.Chat("\"stream\":true"));

        Assert.Contains(Broken, text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Stream_EndedWithinAnEvent_KeepsItsErrorApartFromIt()
    {
        const string Half = "data: {\"choices\":[{\"index\":0,\"del";
        fixture.Upstream.Next(new UpstreamScript().Tokens(1).Write(Half));
        var caller = await fixture.NewCallerAsync();
        using var client = await RawClient.PostAsync(fixture.Relay, caller.Key, RelayCaller.Chat("\"stream\":true"));

        await client.ReadToEndAsync();

        Assert.Contains($"{Half}\r\n", client.Text, StringComparison.Ordinal);
        Assert.Contains("\n\ndata: {\"error\":{", client.Text, StringComparison.Ordinal);
        Assert.False(client.EndedWell);
    }

    [Fact]
    public async Task Stream_OfAnEventStreamForACallThatIsNone_IsMeteredAsOne()
    {
        fixture.Upstream.Next(UpstreamScript.Answer(
            200, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n", "text/event-stream"));
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(RelayCaller.Chat());

        var usage = await caller.UsageAsync();
        Assert.Equal((3, 1), (usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }
}
