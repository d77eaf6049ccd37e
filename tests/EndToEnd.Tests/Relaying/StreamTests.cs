using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Streams: each event at once and to the byte, the extra usage chunk only for those who ask, and exact counts.</summary>
public sealed class StreamTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string Asked = """ "stream":true,"stream_options":{"include_usage":true} """;

    [Theory]
    [InlineData("""  "stream":true  """)]
    [InlineData("""  "stream":true,"stream_options":null  """)]
    [InlineData("""  "stream":true,"stream_options":{}  """)]
    [InlineData("""  "stream":true,"stream_options":{"include_usage":false}  """)]
    [InlineData("""  "stream_options":{"include_obfuscation":false,"include_usage":null},"stream":true  """)]
    public async Task Stream_UsageNotAsked_IsCountedExactlyWithoutTheExtraChunk(string options)
    {
        var caller = await fixture.NewCallerAsync();

        var text = await caller.AskAsync(RelayCaller.Chat(options));

        Assert.DoesNotContain("\"choices\":[]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"usage\":{", text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Equal(8, caller.Billed.OutputTokens);
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.Equal("reported", (await caller.CallLineAsync())["Source"]);
    }

    [Fact]
    public async Task Stream_UsageAsked_KeepsTheExtraChunk()
    {
        var caller = await fixture.NewCallerAsync();

        var text = await caller.AskAsync(RelayCaller.Chat(Asked));

        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Single(events, data => data.Contains("\"choices\":[],\"usage\":{\"prompt_tokens\":4", StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", events[^1]);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Theory]
    [InlineData(UsagePlacement.FinishChunk)]
    [InlineData(UsagePlacement.EveryChunk)]
    [InlineData(UsagePlacement.OnlyGroq)]
    public async Task Stream_UsageElsewhere_IsCountedExactly(UsagePlacement placement)
    {
        fixture.Upstream.Next(new UpstreamScript().WithUsage(placement).WithTokens(11, reasoning: 3, cached: 2).Complete());
        var caller = await fixture.NewCallerAsync();

        var text = await caller.AskAsync(RelayCaller.Chat(Asked));

        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Equal((14, 3, 2), (caller.Billed.OutputTokens, caller.Billed.ReasoningTokens, caller.Billed.CachedInputTokens));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Stream_UsageNowhere_IsCountedByTheTokenizerFromTheTextThatPassed()
    {
        fixture.Upstream.Next(new UpstreamScript().WithUsage(UsagePlacement.Nowhere).WithTokens(15).Complete());
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(RelayCaller.Chat("\"stream\":true"));

        // "The sea is blå, the wind is 强, and nobody hurries 🐢." in o200k; in: four words, the role, three for being a message.
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 8, 19), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
        Assert.Equal("estimated", (await caller.CallLineAsync())["Source"]);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(7, true)]
    [InlineData(100_000, true)]
    public async Task Stream_InOddPiecesAndWithCrlf_PassesToTheByte(int pieceBytes, bool crlf)
    {
        // All the kinds of line that a stream may have, and characters of several bytes.
        string[] lines =
        [
            ": a comment", "",
            "event: message", "id: 7", """data: {"choices":[{"index":0,"delta":{"content":"blå 强 🐢"}}]}""", "",
            """data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}""", "",
            "data: [DONE]", "", "",
        ];
        var stream = string.Join(crlf ? "\r\n" : "\n", lines);
        fixture.Upstream.Next(new UpstreamScript().WithPiecesOf(pieceBytes).Write(stream));
        var caller = await fixture.NewCallerAsync();

        Assert.Equal(stream, await caller.AskAsync(RelayCaller.Chat("\"stream\":true")));

        var usage = await caller.UsageAsync();
        Assert.Equal((3, 5), (usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Fact]
    public async Task Stream_GzippedUnasked_ArrivesReadableAndCounted()
    {
        fixture.Upstream.Next(new UpstreamScript().WithGzip().Complete());
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat("\"stream\":true"));

        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Stream_EachEvent_ArrivesBeforeTheNextIsGenerated()
    {
        var gates = Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
        fixture.Upstream.Next(new UpstreamScript()
            .SendHeaders().WaitFor(gates[0])
            .Tokens(1).WaitFor(gates[1])
            .Tokens(1).WaitFor(gates[2])
            .Complete());
        var caller = await fixture.NewCallerAsync();

        using var response = await caller.PostAsync(RelayCaller.Chat("\"stream\":true"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        // The head was here before anything was generated.
        Assert.Equal(0, caller.Billed.OutputTokens);
        gates[0].SetResult();
        Assert.Contains("\"The\"", await ReadUntilAsync(reader, "\"The\""), StringComparison.Ordinal);
        Assert.Equal(1, caller.Billed.OutputTokens);
        gates[1].SetResult();
        Assert.Contains("\" sea\"", await ReadUntilAsync(reader, "\" sea\""), StringComparison.Ordinal);
        Assert.Equal(2, caller.Billed.OutputTokens);
        gates[2].SetResult();
        await reader.ReadToEndAsync();
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Stream_WithoutDoneButFinished_IsWhole()
    {
        const string Stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n";
        fixture.Upstream.Next(new UpstreamScript().Write(Stream));
        var caller = await fixture.NewCallerAsync();

        Assert.Equal(Stream, await caller.AskAsync(RelayCaller.Chat("\"stream\":true")));

        Assert.Equal("completed", (await caller.CallLineAsync())["Outcome"]);
    }

    [Fact]
    public async Task Stream_OfSeveralChoices_IsCountedExactly()
    {
        var caller = await fixture.NewCallerAsync();

        await caller.AskAsync(RelayCaller.Chat("\"stream\":true,\"n\":3"));

        Assert.Equal(24, caller.Billed.OutputTokens);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    private static async Task<string> ReadUntilAsync(StreamReader reader, string text)
    {
        var line = await reader.ReadLineAsync();
        while (line is not null && !line.Contains(text, StringComparison.Ordinal))
        {
            line = await reader.ReadLineAsync();
        }

        return line ?? "";
    }
}
