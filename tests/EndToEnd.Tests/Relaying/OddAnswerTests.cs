using System.Net;
using System.Text;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Answers that are HTTP only just: they are relayed as far as HTTP allows, and always counted.</summary>
public sealed class OddAnswerTests : IAsyncLifetime
{
    private readonly Stack<IAsyncDisposable> _started = [];

    private const string Body = "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}";
    private const string Chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    private const string UsageChunk = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}\n\n";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        while (_started.TryPop(out var one))
        {
            await one.DisposeAsync();
        }
    }

    [Fact]
    public async Task Answer_WithBothLengths_IsRelayedAndCounted()
    {
        var (caller, response) = await CallAsync(RawAnswers.BothLengths("application/json", Body));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Body, await response.Content.ReadAsStringAsync());
        await AssertCountedAsync(caller);
    }

    [Fact]
    public async Task Answer_WithHeadersThatAreNoText_IsRelayedWithoutThem()
    {
        var (caller, response) = await CallAsync(Encoding.Latin1.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nopenai-model: gpt-\u00e9\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Body, await response.Content.ReadAsStringAsync());
        Assert.False(response.Headers.Contains("openai-model"));
        await AssertCountedAsync(caller);
    }

    [Fact]
    public async Task Answer_OfAMalformedJsonType_IsNoStreamAlthoughOneWasAskedFor()
    {
        var (caller, response) = await CallAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json;\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"), "\"stream\":true");

        Assert.Equal(Body, await response.Content.ReadAsStringAsync());
        await AssertCountedAsync(caller);
    }

    [Fact]
    public async Task Answer_OfAnEmptyCoding_KeepsItsLength()
    {
        var (caller, response) = await CallAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding:\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"));

        Assert.Equal(Body.Length, response.Content.Headers.ContentLength);
        Assert.Equal(Body, await response.Content.ReadAsStringAsync());
        await AssertCountedAsync(caller);
    }

    [Theory]
    [InlineData("099 Odd")]
    [InlineData("205 Reset Content")]
    public async Task Answer_WithAStatusThatNoBodyGoesWith_IsABadGateway(string status)
    {
        var (caller, response) = await CallAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"));

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("502", (await caller.CallLineAsync())["Status"]);
    }

    [Fact]
    public async Task Stream_WithoutAContentType_IsMeteredAndKeepsRelaysOwnChunkBack()
    {
        var (caller, response) = await CallAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{Chunk}{UsageChunk}data: [DONE]\n\n"), "\"stream\":true");

        Assert.Equal($"{Chunk}data: [DONE]\n\n", await response.Content.ReadAsStringAsync());
        await AssertCountedAsync(caller);
    }

    [Fact]
    public async Task Stream_ThatEndsWhileAChoiceIsOpen_DoesNotLookWhole()
    {
        var (_, response) = await CallAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{Chunk}"), "\"stream\":true,\"n\":2");

        await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Answer_ThatIsNoJson_IsNotFree()
    {
        var (caller, response) = await CallAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 40\r\n\r\n" + new string('x', 40)));

        Assert.Equal(40, (await response.Content.ReadAsStringAsync()).Length);
        Assert.Equal(10, (await caller.UsageAsync()).Tokens.OutputTokens);
    }

    [Fact]
    public async Task Request_WithHeadersThatAreNoText_IsRelayedWithoutThem()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await RelayApplication.StartAsync(upstream.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream);
        using var client = await RawClient.PostAsync(relay, caller.Key, RelayCaller.Chat(), "User-Agent: caf\u00e9\r\nConnection: close\r\n");

        await client.ReadToEndAsync();

        Assert.Equal(200, client.Status);
        Assert.Null(Assert.Single(upstream.Requests).Header("user-agent"));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    /// <summary>One call through a Relay of its own.</summary>
    private async Task<(RelayCaller Caller, HttpResponseMessage Response)> CallAsync(ReadOnlyMemory<byte> answer, string more = "")
    {
        var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(answer);
            connection.Finish();
        });
        _started.Push(raw);
        var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        _started.Push(relay);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);
        var request = caller.Request("/v1/chat/completions", RelayCaller.Chat(more));
        return (caller, await RelayCaller.SendAsync(request));
    }

    private static async Task AssertCountedAsync(RelayCaller caller)
    {
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 5, 6), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
        Assert.Equal("completed", (await caller.CallLineAsync())["Outcome"]);
    }
}
