using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Whatever an upstream does wrong, the client gets what came, never a clean end, and the count is kept.</summary>
public sealed class UpstreamFaultTests : IAsyncLifetime
{
    private static readonly TimeSpan FirstByte = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan BetweenBytes = TimeSpan.FromSeconds(6);

    private readonly RelayClock _clock = new();
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(_upstream.BaseUrl, RelaySetup.With(("Relay:Timeouts:FirstByte", "7"), ("Relay:Timeouts:BetweenBytes", "6")) with { Time = _clock });
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Upstream_RefusesTheConnection_IsABadGatewayAndCountsNothing()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var address = new Uri($"http://{closed.LocalEndpoint}/v1");
        closed.Stop();
        await using var relay = await RelayApplication.StartAsync(address);
        var caller = await RelayCaller.NewAsync(relay, upstream: null, new KeyLimit("tokens", "day", 100_000));

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal("upstream_error", (await Errors.ReadAsync(response, HttpStatusCode.BadGateway)).Code);
        await caller.CallLineAsync();
        await Counts.AssertNothingAsync(caller);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upstream_AnswersNoHttp_IsABadGateway(bool stream)
    {
        await using var raw = RawUpstream.Start(RawAnswers.Garbage);
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);

        using var response = await caller.PostAsync(RelayCaller.Chat(stream ? "\"stream\":true" : ""));

        Assert.Equal("upstream_error", (await Errors.ReadAsync(response, HttpStatusCode.BadGateway)).Code);
        var line = await caller.CallLineAsync();
        Assert.Equal(("upstream_error", "502", "estimated"), (line["Outcome"], line["Status"], line["Source"]));
        Assert.Equal(1, (await caller.UsageAsync()).Requests);
    }

    [Fact]
    public async Task Upstream_ResetsBeforeTheAnswer_IsABadGateway()
    {
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            connection.Reset();
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);

        using var response = await caller.PostAsync(RelayCaller.Chat());

        await Errors.ReadAsync(response, HttpStatusCode.BadGateway);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_CutByTheUpstream_IsCutForTheClientAndCounted(bool reset)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var script = new UpstreamScript().Tokens(3).WaitFor(gate);
        _upstream.Next(reset ? script.CutByReset() : script.CutByFin());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));
        await client.ReadUntilAsync("\" is\"");

        gate.SetResult();
        await client.ReadToEndAsync();

        AssertBrokenStream(client, "upstream_error");
        await AssertEstimatedAsync(caller, outcome: "upstream_error", tokens: 3);
    }

    [Fact]
    public async Task Stream_EndedEarlyButCleanly_IsCutForTheClient()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(3));
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));

        await client.ReadToEndAsync();

        AssertBrokenStream(client, "upstream_error");
        await AssertEstimatedAsync(caller, outcome: "upstream_error", tokens: 3);
    }

    [Fact]
    public async Task Stream_WithAnErrorOfTheUpstreams_PassesItAndIsCut()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(3).Event("""{"error":{"message":"It broke.","type":"server_error","param":null,"code":null}}"""));
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));

        await client.ReadToEndAsync();

        Assert.Contains("It broke.", client.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("upstream_error", client.Text, StringComparison.Ordinal);
        Assert.False(client.EndedWell);
    }

    [Fact]
    public async Task Upstream_SaysNothing_IsAGatewayTimeout()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Stall());
        var asking = caller.PostAsync(RelayCaller.Chat());
        await _upstream.RequestReceivedAsync();

        await _clock.PassAsync(FirstByte);

        using var response = await asking;
        Assert.Equal("upstream_timeout", (await Errors.ReadAsync(response, HttpStatusCode.GatewayTimeout)).Code);
        await _upstream.ClientAbortedAsync();
        Assert.Equal("upstream_error", (await caller.CallLineAsync())["Outcome"]);
    }

    [Fact]
    public async Task Stream_Stalls_IsCutForTheClientAndCounted()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(3).Stall());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));
        await client.ReadUntilAsync("\" is\"");

        await _clock.PassAsync(BetweenBytes);
        await client.ReadToEndAsync();

        AssertBrokenStream(client, "upstream_timeout");
        await _upstream.ClientAbortedAsync();
        await AssertEstimatedAsync(caller, outcome: "upstream_error", tokens: 3);
    }

    [Fact]
    public async Task Body_CutMidway_IsCutForTheClient()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _upstream.Next(new UpstreamScript().Write("{\"choices\":[{\"message\":{\"content\":\"The sea").WaitFor(gate).CutByReset());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat());
        await client.ReadUntilAsync("The se");

        gate.SetResult();
        await client.ReadToEndAsync();

        Assert.Equal(200, client.Status);
        Assert.False(client.EndedWell);
        Assert.Equal("upstream_error", (await caller.CallLineAsync())["Outcome"]);
        Assert.Equal(1, (await caller.UsageAsync()).Requests);
    }

    [Fact]
    public async Task Body_ShorterThanItsLength_IsNeverAWholeAnswer()
    {
        const string Body = "{\"usage\":{\"prompt_tokens\":5,";
        await using var raw = RawUpstream.Start(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{Body}"));
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);
        using var client = await RawClient.PostAsync(relay, caller.Key, RelayCaller.Chat(), "Connection: close\r\n");

        await client.ReadToEndAsync();

        // Either what came, cut short of the declared length, or an error: but no 200 with a whole body.
        Assert.True(client.Status == 502 || (client.Text.Contains("Content-Length: 500", StringComparison.Ordinal) && client.Text.EndsWith(Body, StringComparison.Ordinal)), client.Text);
        Assert.Equal("upstream_error", (await relay.Logs.CallOfAsync(caller.Key))["Outcome"]);
    }

    [Fact]
    public async Task Body_DelimitedByTheConnection_IsWhole()
    {
        const string Body = "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}";
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(RawAnswers.CloseDelimited("application/json", Body));
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);

        Assert.Equal(Body, await caller.AskAsync(RelayCaller.Chat()));

        var usage = await caller.UsageAsync();
        Assert.Equal((1, 5, 6), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Fact]
    public async Task Redirect_OfTheUpstream_IsNeverFollowed()
    {
        await using var elsewhere = await FakeUpstream.StartAsync();
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(UpstreamScript.Redirect(elsewhere.BaseUrl + "/chat/completions"));

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal(HttpStatusCode.TemporaryRedirect, response.StatusCode);
        Assert.Null(response.Headers.Location);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Refusal_OfTheUpstream_PassesAsItCame()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream, new KeyLimit("tokens", "day", 100_000));
        _upstream.Next(UpstreamScript.RateLimited(retryAfterSeconds: 7).WithHeader("retry-after-ms", "6500").WithHeader("x-should-retry", "true"));

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal("Rate limit reached for requests.", (await Errors.ReadAsync(response, HttpStatusCode.TooManyRequests)).Message);
        Assert.Equal("7", response.Headers.GetValues("retry-after").Single());
        Assert.Equal("6500", response.Headers.GetValues("retry-after-ms").Single());
        Assert.Equal("true", response.Headers.GetValues("x-should-retry").Single());
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.Equal(0, caller.Billed.TotalTokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Failure_OfTheUpstreamWithAnEmptyBody_PassesAsItCame(bool stream)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(UpstreamScript.Answer(500, ""));

        using var response = await caller.PostAsync(RelayCaller.Chat(stream ? "\"stream\":true" : ""));

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Error_WithANumberForItsCode_PassesAsItCame()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(UpstreamScript.Error(400, "BadRequestError", 400));

        using var response = await caller.PostAsync(RelayCaller.Chat("\"stream\":true"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(400, JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("error").GetProperty("code").GetInt32());
    }

    private static void AssertBrokenStream(RawClient client, string code)
    {
        Assert.Equal(200, client.Status);
        Assert.False(client.EndedWell);
        Assert.DoesNotContain("[DONE]", client.Text, StringComparison.Ordinal);
        var last = client.Text.Split("data: ")[^1];
        Assert.Equal(code, Errors.Read(JsonElement.Parse(last[..last.IndexOf('\n', StringComparison.Ordinal)])).Code);
    }

    private static async Task AssertEstimatedAsync(RelayCaller caller, string outcome, long tokens)
    {
        var line = await caller.CallLineAsync();
        Assert.Equal((outcome, "estimated"), (line["Outcome"], line["Source"]));
        var usage = await caller.UsageAsync();
        Assert.Equal((1, tokens), (usage.Requests, usage.Tokens.OutputTokens));
        Assert.Equal(usage.Tokens, (await caller.UserUsageAsync()).Tokens);
    }
}
