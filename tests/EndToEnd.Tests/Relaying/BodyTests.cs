using System.Net;
using System.Text;
using System.Text.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Requests reach the upstream, and answers the client, to the byte; what cannot be relayed is refused in OpenAI's form.</summary>
public sealed class BodyTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string Spliced = "\"stream_options\":{\"include_usage\":true},";

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"one two"}]}""")]
    [InlineData("/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"one two"}]}""")]
    [InlineData("/v1/completions", """{"model":"davinci-002","prompt":["one two","three"],"n":2}""")]
    [InlineData("/completions", """{"model":"davinci-002","prompt":"one two"}""")]
    [InlineData("/v1/embeddings", """{"model":"text-embedding-3-small","input":["one two","three"]}""")]
    [InlineData("/embeddings", """{"model":"text-embedding-3-small","input":[1,2,3],"encoding_format":"base64"}""")]
    public async Task Post_EveryPath_WithAndWithoutV1_PassesAndIsCounted(string path, string body)
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(body, path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(caller.Billed.TotalTokens, answer.GetProperty("usage").GetProperty("total_tokens").GetInt64());
        var sent = fixture.Upstream.Requests[^1];
        Assert.Equal((path.StartsWith("/v1", StringComparison.Ordinal) ? path : "/v1" + path, body), (sent.Path, sent.Text));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/models")]
    [InlineData("/v1/models/gpt-4o")]
    [InlineData("/models/gpt-4o")]
    public async Task Models_WithAndWithoutV1_PassUnmetered(string path)
    {
        var caller = await fixture.NewCallerAsync(new KeyLimit("requests", "day", 0));

        using var response = await RelayCaller.SendAsync(caller.Request(path));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("gpt-4o", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Counts.AssertNothingAsync(caller);
    }

    [Theory]
    [InlineData("/v1/models/org%2Fmodel-1")]
    [InlineData("/v1/models/org/model-1")]
    [InlineData("/models/ft:gpt-4o:acme%20inc::7")]
    public async Task Model_WithASlashOrABlankInItsName_IsAskedForAsOneSegment(string path)
    {
        UpstreamRequest? received = null;
        await using var raw = RawUpstream.Start(async connection =>
        {
            received = await connection.ReadRequestAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);

        using var response = await RelayCaller.SendAsync(caller.Request(path));

        Assert.Equal("{}", await response.Content.ReadAsStringAsync());
        var name = path[(path.IndexOf("models/", StringComparison.Ordinal) + "models/".Length)..];
        Assert.Equal("/v1/models/" + Uri.EscapeDataString(Uri.UnescapeDataString(name)), received!.Path);
    }

    [Fact]
    public async Task Request_WithOddSpacesAndEscapes_ReachesTheUpstreamToTheByte()
    {
        const string Head = "\r\n { ";
        const string Rest = "\"model\" : \"gpt\\u002d4o\",\t\"messages\":[ {\"role\":\"user\",\"content\":\"bl\\u00e5 强 🐢 \\\"}]\"} ],\"x_unknown\":1e400 , \"stream\": true }\n";
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(Head + Rest);

        Assert.Equal(Head.TrimEnd(' ') + Spliced + " " + Rest, fixture.Upstream.Requests[^1].Text);
    }

    [Fact]
    public async Task Request_NotStreamed_IsNotTouched()
    {
        const string Body = """ {"messages":[{"content":"x","role":"user"}],"model":"gpt-4o","stream":false,"stream_options":null,"model":"gpt-4o"} """;
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(Body);

        Assert.Equal(Body, fixture.Upstream.Requests[^1].Text);
    }

    [Fact]
    public async Task Request_OfTwoMegabytes_ReachesTheUpstreamToTheByte()
    {
        var text = new StringBuilder();
        for (var i = 0; text.Length < 2_000_000; i++)
        {
            text.Append(i).Append(" blå 强 ");
        }

        var body = RelayCaller.Chat($"\"metadata\":{{\"text\":\"{text}\"}},\"stream\":true");
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(body);

        Assert.Equal("{" + Spliced + body[1..], fixture.Upstream.Requests[^1].Text);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Answer_StatusTypeAndBytes_AreTheUpstreams()
    {
        const string Body = "{ \"id\" : \"x\",\n\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9,\"prompt_tokens_details\":null} , \"text\":\"bl\\u00e5 强\"}  \n";
        fixture.Upstream.Next(UpstreamScript.Answer(201, Body, "application/json; charset=utf-8; odd=1"));
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("application/json; charset=utf-8; odd=1", response.Content.Headers.NonValidated["content-type"].ToString());
        Assert.Equal(Body, await response.Content.ReadAsStringAsync());
        var usage = await caller.UsageAsync();
        Assert.Equal((7, 9), (usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    public async Task Answer_InOddPieces_IsWholeAndCounted(int pieceBytes)
    {
        fixture.Upstream.Next(new UpstreamScript().WithPiecesOf(pieceBytes).WithTokens(30).Complete());
        var caller = await fixture.NewCallerAsync();

        var answer = JsonElement.Parse(await caller.AskAsync(RelayCaller.Chat()));

        Assert.Equal(fixture.Upstream.Bill.Entries[^1].Generated, answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Answer_GzippedUnasked_ArrivesReadableAndCounted()
    {
        fixture.Upstream.Next(new UpstreamScript().WithGzip().Complete());
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Empty(response.Content.Headers.ContentEncoding);
        var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(8, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt64());
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Answer_WithoutUsage_IsEstimated()
    {
        fixture.Upstream.Next(new UpstreamScript().WithUsage(UsagePlacement.Nowhere).WithTokens(15).Complete());
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(RelayCaller.Chat());

        Assert.Equal((8, 19), ((await caller.UsageAsync()).Tokens.InputTokens, (await caller.UsageAsync()).Tokens.OutputTokens));
        Assert.Equal("estimated", (await caller.CallLineAsync())["Source"]);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("{\"model\":\"gpt-4o\"", null)]
    [InlineData("[1]", null)]
    [InlineData("{\"messages\":[]}", "model")]
    [InlineData("{\"model\":7,\"messages\":[]}", "model")]
    [InlineData("{\"model\":\"gpt-4o\",\"stream\":\"yes\"}", "stream")]
    [InlineData("{\"model\":\"gpt-4o\",\"n\":\"two\"}", "n")]
    [InlineData("{\"model\":\"gpt-4o\",\"max_tokens\":-1}", "max_tokens")]
    [InlineData("{\"model\":\"gpt-4o\",\"stream\":true,\"stream_options\":5}", "stream_options")]
    public async Task Request_ThatCannotBeRead_IsABadRequestAndSpendsNothing(string body, string? param)
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(body);

        var error = await Errors.ReadAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal(("invalid_request_error", param), (error.Type, error.Param));
        Assert.Equal(0, caller.CallsBilled);
        await Counts.AssertNothingAsync(caller);
    }

    [Theory]
    [InlineData("/v1/unknown")]
    [InlineData("/")]
    [InlineData("/v1/chat/completions/x")]
    public async Task Post_UnknownUrl_IsNotFound(string path)
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat(), path);

        Assert.Equal("unknown_url", (await Errors.ReadAsync(response, HttpStatusCode.NotFound)).Code);
    }

    [Fact]
    public async Task Get_OfWhatIsPosted_IsNotAllowed()
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await RelayCaller.SendAsync(caller.Request("/v1/chat/completions"));

        Assert.Equal("method_not_supported", (await Errors.ReadAsync(response, HttpStatusCode.MethodNotAllowed)).Code);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Query_OfTheClient_ReachesTheUpstream()
    {
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(RelayCaller.Chat(), "/v1/chat/completions?api-version=2026-01-01&x=%20");

        Assert.Equal("?api-version=2026-01-01&x=%20", fixture.Upstream.Requests[^1].Query);
    }
}
