using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Sdk;

/// <summary>The official .NET SDK, through Relay: answers, counts, and its own exceptions and retries.</summary>
public sealed class OpenAiSdkTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string Text = "The sea is blå, the wind is";

    [Fact]
    public async Task Chat_Answers_AndIsCountedExactly()
    {
        var caller = await fixture.NewCallerAsync();

        ChatCompletion answer = await Chat(caller).CompleteChatAsync("one two three four");

        Assert.Equal((Text, ChatFinishReason.Stop, 8), (answer.Content[0].Text, answer.FinishReason, answer.Usage.OutputTokenCount));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task ChatStream_EndsWithTheUsageThatTheSdkAskedFor()
    {
        var caller = await fixture.NewCallerAsync();
        var text = new StringBuilder();
        ChatTokenUsage? usage = null;

        await foreach (var update in Chat(caller, "o3-mini").CompleteChatStreamingAsync("one two"))
        {
            usage = update.Usage ?? usage;
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
        }

        Assert.Equal(Text, text.ToString());
        Assert.NotNull(usage);
        Assert.Equal((10, 2), (usage.OutputTokenCount, usage.OutputTokenDetails.ReasoningTokenCount));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Tools_AreCalled()
    {
        var caller = await fixture.NewCallerAsync();

        ChatCompletion answer = await Chat(caller).CompleteChatAsync([new UserChatMessage("Well?")], WithTool());

        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal(("weather", """{"place":"Bodø"}"""), (call.FunctionName, call.FunctionArguments.ToString()));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task ToolsStreamed_AreCalled()
    {
        var caller = await fixture.NewCallerAsync();
        var arguments = new StringBuilder();
        ChatFinishReason? reason = null;

        await foreach (var update in Chat(caller).CompleteChatStreamingAsync([new UserChatMessage("Well?")], WithTool()))
        {
            reason = update.FinishReason ?? reason;
            arguments.Append(string.Concat(update.ToolCallUpdates.Select(call => call.FunctionArgumentsUpdate?.ToString())));
        }

        Assert.Equal((ChatFinishReason.ToolCalls, """{"place":"Bodø"}"""), (reason, arguments.ToString()));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Embeddings_GiveAVectorAnInput()
    {
        var caller = await fixture.NewCallerAsync();
        var client = new EmbeddingClient("text-embedding-3-small", new ApiKeyCredential(caller.Key.Text), Options());

        // The SDK asks for base64 by itself.
        OpenAIEmbeddingCollection answer = await client.GenerateEmbeddingsAsync(["one two", "three"]);

        Assert.Equal("base64", fixture.Upstream.Requests[^1].Json.GetProperty("encoding_format").GetString());
        Assert.Equal([0.5f, -0.25f, 1f, 1f], answer[1].ToFloats().ToArray());
        Assert.Equal(3, caller.Billed.InputTokens);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Embeddings_AskedForAsFloats_AreFloats()
    {
        var caller = await fixture.NewCallerAsync();

        var text = await caller.AskAsync("""{"model":"text-embedding-3-small","input":"one two","encoding_format":"float"}""", "/v1/embeddings");

        Assert.Contains("[0.5,", text, StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Models_AreListedAndFound()
    {
        var caller = await fixture.NewCallerAsync();
        var client = new OpenAIModelClient(new ApiKeyCredential(caller.Key.Text), Options());

        OpenAIModelCollection models = await client.GetModelsAsync();
        OpenAIModel model = await client.GetModelAsync("gpt-4o");

        Assert.Contains(models, listed => string.Equals(listed.Id, "gpt-4o", StringComparison.Ordinal));
        Assert.Equal("gpt-4o", model.Id);
        await Counts.AssertNothingAsync(caller);
    }

    [Fact]
    public async Task Key_ThatIsWrong_Is401()
    {
        var caller = await fixture.NewCallerAsync();
        var other = caller.Key.Text[^1] == 'a' ? 'b' : 'a';

        var failure = await FailureAsync(new ChatClient("gpt-4o", new ApiKeyCredential(caller.Key.Text[..^1] + other), Options()));

        Assert.Equal(401, failure.Status);
        Assert.Contains("invalid_api_key", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(caller.Key.Secret[..10], failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, caller.CallsBilled);
    }

    [Fact]
    public async Task Key_Revoked_Is401OnTheNextCall()
    {
        var caller = await fixture.NewCallerAsync();
        await Chat(caller).CompleteChatAsync("one two");
        await fixture.Relay.RevokeAsync(caller.Key);

        var failure = await FailureAsync(Chat(caller));

        Assert.Equal(401, failure.Status);
        Assert.Contains("revoked", failure.Message, StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Model_NotAllowed_Is403()
    {
        var key = await fixture.Relay.CreateKeyAsync(["gpt-4o*"]);
        var allowed = new ChatClient("gpt-4o-mini", new ApiKeyCredential(key.Text), Options());
        await allowed.CompleteChatAsync("one two");

        var failure = await FailureAsync(new ChatClient("o3-mini", new ApiKeyCredential(key.Text), Options()));

        Assert.Equal(403, failure.Status);
        Assert.Contains("model_not_found", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await fixture.Relay.UsageOfKeyAsync(key)).Requests);
    }

    [Theory]
    [InlineData(400, "invalid_request_error", "bad_thing")]
    [InlineData(404, "invalid_request_error", "model_not_found")]
    [InlineData(500, "server_error", "odd")]
    [InlineData(503, "service_unavailable_error", "slow_down")]
    public async Task Refusal_OfTheUpstream_IsTheSdksException(int status, string type, string code)
    {
        fixture.Upstream.Next(UpstreamScript.Error(status, type, code, "It said no."));
        var caller = await fixture.NewCallerAsync();

        var failure = await FailureAsync(Chat(caller));

        Assert.Equal(status, failure.Status);
        Assert.Contains("It said no.", failure.Message, StringComparison.Ordinal);
        Assert.Contains(code, failure.Message, StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Request_Bad_Is400()
    {
        var caller = await fixture.NewCallerAsync();
        var options = new ChatCompletionOptions { MaxOutputTokenCount = -1 };

        var failure = await Assert.ThrowsAsync<ClientResultException>(() => Chat(caller).CompleteChatAsync([new UserChatMessage("x")], options));

        Assert.Equal(400, failure.Status);
        Assert.Contains("max_completion_tokens", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, caller.CallsBilled);
    }

    [Fact]
    public async Task RateLimit_IsRetriedAfterTheTimeThatRelayNames()
    {
        var caller = await fixture.NewCallerAsync(new KeyLimit("requests", "hour", 0));
        var policy = new RecordingRetryPolicy();
        var options = Options();
        options.RetryPolicy = policy;

        var failure = await FailureAsync(new ChatClient("gpt-4o", new ApiKeyCredential(caller.Key.Text), options));

        Assert.Equal(429, failure.Status);
        Assert.Contains("rate_limit_exceeded", failure.Message, StringComparison.Ordinal);

        // Three retries, and each would have waited as long as Relay said: the hour's rest, or the policy's own few seconds at its end.
        Assert.Equal(3, policy.Delays.Count);
        Assert.All(policy.Told, static told => Assert.InRange(told.TotalSeconds, 1, 3600));
        Assert.All(policy.Delays.Zip(policy.Told), static wait => Assert.True(wait.First >= wait.Second, $"{wait}"));
        Assert.All(await fixture.Relay.Logs.CallsOfAsync(caller.Key, 4), static line => Assert.Equal("refused", line["Outcome"]));
        await Counts.AssertNothingAsync(caller);
    }

    [Fact]
    public async Task RateLimit_OfTheUpstream_IsRetriedAndEachTryIsCounted()
    {
        fixture.Upstream.Next(UpstreamScript.RateLimited(retryAfterSeconds: 7));
        var caller = await fixture.NewCallerAsync();
        var policy = new RecordingRetryPolicy();
        var options = Options();
        options.RetryPolicy = policy;

        ChatCompletion answer = await new ChatClient("gpt-4o", new ApiKeyCredential(caller.Key.Text), options).CompleteChatAsync("one two");

        Assert.Equal(Text, answer.Content[0].Text);
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.Single(policy.Delays));
        await Counts.AssertBilledAsync(caller, requests: 2);
    }

    [Fact]
    public async Task Quota_UsedUp_SaysNotToRetry()
    {
        var caller = await fixture.NewCallerAsync(new KeyLimit("tokens", "month", 1));

        var failure = await FailureAsync(Chat(caller));

        Assert.Equal(429, failure.Status);
        Assert.Contains("insufficient_quota", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.GetRawResponse()!.Headers.TryGetValue("x-should-retry", out var retry));
        Assert.Equal("false", retry);
        await Counts.AssertNothingAsync(caller);
    }

    [Fact]
    public async Task ChatStream_CutByTheUpstream_Throws()
    {
        fixture.Upstream.Next(new UpstreamScript().Tokens(3).CutByFin());
        var caller = await fixture.NewCallerAsync();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var update in Chat(caller).CompleteChatStreamingAsync("one two"))
            {
                Assert.NotNull(update);
            }
        });

        Assert.Equal("upstream_error", (await caller.CallLineAsync())["Outcome"]);
    }

    private static ChatCompletionOptions WithTool()
    {
        var options = new ChatCompletionOptions();
        options.Tools.Add(ChatTool.CreateFunctionTool("weather", "Says how the weather is."));
        return options;
    }

    private static Task<ClientResultException> FailureAsync(ChatClient client) =>
        Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync("one two"));

    private ChatClient Chat(RelayCaller caller, string model = "gpt-4o") => new(model, new ApiKeyCredential(caller.Key.Text), Options());

    private OpenAIClientOptions Options() => new()
    {
        Endpoint = new Uri(fixture.Relay.BaseUrl, "/v1"),
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    };
}
