#pragma warning disable OPENAI001 // The SDK's Responses client is marked as experimental.
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using OpenAI;
using OpenAI.Moderations;
using OpenAI.Responses;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Sdk;

/// <summary>The official .NET SDK through Relay: the Responses API and moderations.</summary>
public sealed class OpenAiSdkResponsesTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string Text = "The sea is blå, the wind is";

    [Fact]
    public async Task Response_Answers_AndIsCountedExactly()
    {
        var caller = await fixture.NewCallerAsync();

        ResponseResult answer = await Client(caller).CreateResponseAsync("gpt-4o", "one two three four");

        Assert.Equal((Text, ResponseStatus.Completed, 8), (answer.GetOutputText(), answer.Status, answer.Usage.OutputTokenCount));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task ResponseStream_IsWholeAndCountedExactly()
    {
        var caller = await fixture.NewCallerAsync();
        var text = new StringBuilder();
        ResponseResult? whole = null;

        await foreach (var update in await Client(caller).CreateResponseStreamingAsync("o3-mini", "one two"))
        {
            text.Append((update as StreamingResponseOutputTextDeltaUpdate)?.Delta);
            whole = (update as StreamingResponseCompletedUpdate)?.Response ?? whole;
        }

        Assert.Equal(Text, text.ToString());
        Assert.Equal((10, 2), (whole!.Usage.OutputTokenCount, whole.Usage.OutputTokenDetails.ReasoningTokenCount));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task ResponseStream_CutByTheUpstream_Throws()
    {
        fixture.Upstream.Next(new UpstreamScript().Tokens(3).CutByFin());
        var caller = await fixture.NewCallerAsync();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var update in await Client(caller).CreateResponseStreamingAsync("gpt-4o", "one two"))
            {
                Assert.NotNull(update);
            }
        });

        Assert.Equal("upstream_error", (await caller.CallLineAsync())["Outcome"]);
    }

    [Fact]
    public async Task Moderation_Answers()
    {
        var caller = await fixture.NewCallerAsync();
        var client = new ModerationClient("omni-moderation-latest", new ApiKeyCredential(caller.Key.Text), new OpenAIClientOptions { Endpoint = Endpoint });

        ModerationResult result = await client.ClassifyTextAsync("one two");

        Assert.False(result.Flagged);
        Assert.Equal((1, 0), ((await caller.UsageAsync()).Requests, (await caller.UsageAsync()).Tokens.TotalTokens));
    }

    private Uri Endpoint => new(fixture.Relay.BaseUrl, "/v1");

    private ResponsesClient Client(RelayCaller caller) => new(
        new ApiKeyCredential(caller.Key.Text),
        new ResponsesClientOptions { Endpoint = Endpoint, RetryPolicy = new ClientRetryPolicy(maxRetries: 0) });
}
