using System.Net;
using System.Text;
using System.Text.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>The Responses API: relayed to the byte, counted from the terminal event, and broken in its own form.</summary>
public sealed class ResponsesTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string Path = "/v1/responses";

    [Theory]
    [InlineData("/v1/responses", "")]
    [InlineData("/responses", "")]
    [InlineData("/v1/responses", ""","max_output_tokens":3""")]
    [InlineData("/v1/responses", ""","background":false,"stream":false,"prompt":{"id":"pmpt_1"}""")]
    public async Task Response_NotStreamed_PassesToTheByteAndIsCounted(string path, string more)
    {
        var caller = await fixture.NewCallerAsync();
        var body = Ask(more);

        var answer = JsonElement.Parse(await caller.AskAsync(body, path));

        Assert.Equal(body, fixture.Upstream.Requests[^1].Text);
        Assert.Equal(Path, fixture.Upstream.Requests[^1].Path);
        Assert.Equal(caller.Billed.TotalTokens, answer.GetProperty("usage").GetProperty("total_tokens").GetInt64());
        await AssertCountedAsync(caller);
    }

    [Theory]
    [InlineData("gpt-4o", "", "response.completed")]
    [InlineData("o3-mini", "", "response.completed")]
    [InlineData("gpt-4o", ""","max_output_tokens":3""", "response.incomplete")]
    public async Task Stream_EndsWithItsTerminalEventAndIsCounted(string model, string more, string terminal)
    {
        var caller = await fixture.NewCallerAsync();
        var body = Ask(""","stream":true""" + more, model);

        var text = await caller.AskAsync(body, Path);

        // Nothing is spliced in: these streams say what they used without being asked.
        Assert.Equal(body, fixture.Upstream.Requests[^1].Text);
        var last = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith($"event: {terminal}\ndata: ", last, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.Contains($"\"total_tokens\":{caller.Billed.TotalTokens}", last, StringComparison.Ordinal);
        await AssertCountedAsync(caller);
    }

    [Fact]
    public async Task Stream_ThatFailed_PassesTheFailureAndIsCounted()
    {
        const string Failed = "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":4,\"response\":{\"id\":\"resp_1\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"It broke.\"},\"usage\":{\"input_tokens\":4,\"output_tokens\":3,\"total_tokens\":7}}}\n\n";
        fixture.Upstream.Next(new UpstreamScript().Tokens(3).Write(Failed));
        var caller = await fixture.NewCallerAsync();

        Assert.EndsWith(Failed, await caller.AskAsync(Ask(""","stream":true"""), Path), StringComparison.Ordinal);

        var usage = await caller.UsageAsync();
        Assert.Equal((1, 4, 3), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
        Assert.Equal("completed", (await caller.CallLineAsync())["Outcome"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public async Task Stream_InOddPiecesWithCrlf_PassesWholeAndIsCounted(int pieceBytes)
    {
        fixture.Upstream.Next(new UpstreamScript().WithPiecesOf(pieceBytes).WithCrlf().WithTokens(9, reasoning: 2).Complete());
        var caller = await fixture.NewCallerAsync();

        var text = await caller.AskAsync(Ask(""","stream":true"""), Path);

        Assert.Contains("\"delta\":\" 强\"", text, StringComparison.Ordinal);
        Assert.EndsWith("}}\r\n\r\n", text, StringComparison.Ordinal);
        Assert.Equal((11, 2), (caller.Billed.OutputTokens, caller.Billed.ReasoningTokens));
        await AssertCountedAsync(caller);
    }

    [Fact]
    public async Task Stream_TerminalEvent_LeavesOnlyWhenTheCountIsInTheLedger()
    {
        var caller = await fixture.NewCallerAsync();
        using var response = await caller.PostAsync(Ask(""","stream":true"""), Path);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line && !line.Equals("event: response.completed", StringComparison.Ordinal))
        {
            // The events before the last.
        }

        Assert.Equal(1, (await caller.UserUsageAsync()).Requests);
        Assert.Equal(caller.Billed, (await caller.UserUsageAsync()).Tokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_CutByTheUpstream_EndsWithAnErrorEventOfThisApiAndACut(bool reset)
    {
        var caller = await fixture.NewCallerAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var script = new UpstreamScript().Tokens(3).WaitFor(gate);
        fixture.Upstream.Next(reset ? script.CutByReset() : script.CutByFin());
        using var client = await RawClient.PostAsync(fixture.Relay, caller.Key, Ask(""","stream":true"""), path: Path);
        await client.ReadUntilAsync("\" is\"");

        gate.SetResult();
        await client.ReadToEndAsync();

        // Four events came before: one that opens the response, and three of text.
        Assert.Contains("event: error\ndata: {\"type\":\"error\",\"code\":\"upstream_error\",\"message\":\"The upstream", client.Text, StringComparison.Ordinal);
        Assert.Contains("\"param\":null,\"sequence_number\":4}\n\n", client.Text, StringComparison.Ordinal);
        Assert.False(client.EndedWell);
        var line = await caller.CallLineAsync();
        Assert.Equal(("upstream_error", "estimated"), (line["Outcome"], line["Source"]));
        Assert.Equal((1, 3), ((await caller.UsageAsync()).Requests, (await caller.UsageAsync()).Tokens.OutputTokens));
    }

    [Fact]
    public async Task Stream_WithAnErrorEventOfTheUpstreams_PassesItAndIsCut()
    {
        var caller = await fixture.NewCallerAsync();
        fixture.Upstream.Next(new UpstreamScript().Tokens(2).Write("event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"It broke.\",\"param\":null,\"sequence_number\":3}\n\n"));
        using var client = await RawClient.PostAsync(fixture.Relay, caller.Key, Ask(""","stream":true"""), path: Path);

        await client.ReadToEndAsync();

        Assert.Contains("It broke.", client.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("upstream_error", client.Text, StringComparison.Ordinal);
        Assert.False(client.EndedWell);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Response_WithoutUsage_IsCountedByTheTokenizer(bool stream)
    {
        fixture.Upstream.Next(new UpstreamScript().WithUsage(UsagePlacement.Nowhere).WithTokens(15).Complete());
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(Ask(stream ? ""","stream":true""" : ""), Path);

        // "The sea is blå, the wind is 强, and nobody hurries 🐢." in o200k.
        // What went in is four words, the role, and three tokens for being a message.
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 8, 19), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
        Assert.Equal("estimated", (await caller.CallLineAsync())["Source"]);
    }

    [Fact]
    public async Task StoredResponse_Streamed_PassesEachEventAsItComes()
    {
        const string Stored = "/v1/responses/resp_1?stream=true";
        const string First = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"a\"}\n\n";
        const string Last = "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{\"id\":\"resp_1\"}}\n\n";
        var caller = await fixture.NewCallerAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Upstream.Next(new UpstreamScript().WithHeader("content-type", "text/event-stream").Write(First).WaitFor(gate).Write(Last));
        using var client = await RawClient.ConnectAsync(fixture.Relay.BaseUrl);
        await client.SendAsync($"GET {Stored} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\nAuthorization: Bearer {caller.Key.Text}\r\n\r\n");

        await client.ReadUntilAsync(First);
        gate.SetResult();
        await client.ReadToEndAsync();

        Assert.Contains(Last, client.Text, StringComparison.Ordinal);
        Assert.True(client.EndedWell);
        await Counts.AssertNothingAsync(caller);
    }

    [Theory]
    [InlineData("GET", "/v1/responses/resp_1?include[]=file_search_call.results", "completed")]
    [InlineData("GET", "/responses/resp_1", "completed")]
    [InlineData("DELETE", "/v1/responses/resp_1", "deleted")]
    [InlineData("POST", "/v1/responses/resp_1/cancel", "cancelled")]
    [InlineData("GET", "/v1/responses/resp_1/input_items?limit=2", "list")]
    public async Task StoredResponse_IsRelayedAndNotCounted(string method, string path, string expected)
    {
        var caller = await fixture.NewCallerAsync(new KeyLimit("requests", "day", 0));
        using var request = caller.Request(path);
        request.Method = new HttpMethod(method);

        using var response = await RelayCaller.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(expected, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var sent = fixture.Upstream.Requests[^1];
        var asked = path.StartsWith("/v1", StringComparison.Ordinal) ? path : "/v1" + path;
        Assert.Equal((method, asked), (sent.Method, Uri.UnescapeDataString(sent.Path + sent.Query)));
        await Counts.AssertNothingAsync(caller);
    }

    [Fact]
    public async Task StoredResponse_WithoutAGoodKey_IsRefused()
    {
        var caller = await fixture.NewCallerAsync();
        using var request = caller.Request("/v1/responses/resp_1");
        request.Headers.Authorization = null;
        var before = fixture.Upstream.Requests.Count;

        using var response = await RelayCaller.SendAsync(request);

        Assert.Equal("invalid_api_key", (await Errors.ReadAsync(response, HttpStatusCode.Unauthorized)).Code);
        Assert.Equal(before, fixture.Upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/v1/responses/input_tokens", """{"model":"gpt-4o","input":"one two"}""", "\"input_tokens\":7")]
    [InlineData("/v1/moderations", """{"model":"omni-moderation-latest","input":"one two"}""", "\"flagged\":false")]
    [InlineData("/v1/moderations", """{"input":["one two",{"type":"text","text":"three"}]}""", "\"flagged\":false")]
    [InlineData("/moderations", """{"input":"one two"}""", "\"flagged\":false")]
    public async Task FreeEndpoint_IsCountedAsARequestWithoutTokens(string path, string body, string expected)
    {
        var caller = await fixture.NewCallerAsync(new KeyLimit("requests", "day", 1), new KeyLimit("tokens", "day", 0));

        using var response = await caller.PostAsync(body, path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(expected, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetBytes(body), fixture.Upstream.Requests[^1].Body.ToArray());
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 0), (usage.Requests, usage.Tokens.TotalTokens));
        using var second = await caller.PostAsync(body, path);
        Assert.Equal("insufficient_quota", (await Errors.ReadAsync(second, HttpStatusCode.TooManyRequests)).Code);
    }

    [Fact]
    public async Task Moderation_OfAKeyThatMayNotUseItsModel_IsRefused()
    {
        var key = await fixture.Relay.CreateKeyAsync(["gpt-*"]);
        using var client = await RawClient.PostAsync(fixture.Relay, key, """{"input":"x"}""", "Connection: close\r\n", "/v1/moderations");

        await client.ReadToEndAsync();

        Assert.Equal(403, client.Status);
    }

    private static string Ask(string more = "", string model = "gpt-4o") =>
        $$"""{"model":"{{model}}","input":[{"role":"user","content":[{"type":"input_text","text":"one two three four"}]}]{{more}}}""";

    private static async Task AssertCountedAsync(RelayCaller caller)
    {
        await Counts.AssertBilledAsync(caller, requests: 1);
        var line = await caller.CallLineAsync();
        Assert.Equal((Path, "reported", "completed"), (line["Endpoint"], line["Source"], line["Outcome"]));
    }
}
