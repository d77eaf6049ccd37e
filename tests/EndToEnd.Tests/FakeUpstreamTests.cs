using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests;

/// <summary>The scripted upstream itself, without Relay before it: what every other test stands on.</summary>
public sealed class FakeUpstreamTests : IAsyncLifetime
{
    // Without a drain, leaving an answer closes its connection at once.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero });

    private FakeUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task Chat_WithTheOfficialSdk_AnswersAndBillsTheSame()
    {
        ChatCompletion answer = await Client("gpt-4o").CompleteChatAsync("one two three four");

        Assert.Equal("The sea is blå, the wind is", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        var entry = Assert.Single(_upstream.Bill.Entries);
        Assert.Equal(("gpt-4o", "/v1/chat/completions", 200), (entry.Model, entry.Endpoint, entry.Status));
        Assert.Equal(4, entry.Usage.InputTokens);
        Assert.Equal(1, entry.Usage.CachedInputTokens);
        Assert.Equal(8, entry.Usage.OutputTokens);
        Assert.Equal(entry.Usage.InputTokens, answer.Usage.InputTokenCount);
        Assert.Equal(entry.Usage.OutputTokens, answer.Usage.OutputTokenCount);
        Assert.Equal("Bearer sk-upstream", Assert.Single(_upstream.Requests).Header("authorization"));
    }

    [Fact]
    public async Task ChatStream_WithTheOfficialSdk_EndsWithTheBilledUsage()
    {
        ChatTokenUsage? usage = null;
        var text = new StringBuilder();
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 5 };
        var updates = Client("o3-mini").CompleteChatStreamingAsync([new UserChatMessage("one two")], options);
        await foreach (var update in updates)
        {
            usage = update.Usage ?? usage;
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
        }

        var billed = _upstream.Bill.Total;
        Assert.Equal((2, 5, 2), (billed.InputTokens, billed.OutputTokens, billed.ReasoningTokens));
        Assert.NotNull(usage);
        Assert.Equal(billed.OutputTokens, usage.OutputTokenCount);
        Assert.Equal(billed.ReasoningTokens, usage.OutputTokenDetails.ReasoningTokenCount);
        Assert.Equal("The sea is", text.ToString());
    }

    [Fact]
    public async Task Tools_WithTheOfficialSdk_CallTheFirstTool()
    {
        var options = new ChatCompletionOptions();
        options.Tools.Add(ChatTool.CreateFunctionTool("weather", "Says how the weather is."));

        ChatCompletion answer = await Client("gpt-4o").CompleteChatAsync([new UserChatMessage("Well?")], options);

        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal("weather", call.FunctionName);
        Assert.Equal("""{"place":"Bodø"}""", call.FunctionArguments.ToString());
        Assert.Equal(5, _upstream.Bill.Total.OutputTokens);
    }

    [Fact]
    public async Task Embeddings_WithTheOfficialSdk_GiveAVectorAnInput()
    {
        var client = new EmbeddingClient("text-embedding-3-small", new ApiKeyCredential("sk-upstream"), Options());

        OpenAIEmbeddingCollection answer = await client.GenerateEmbeddingsAsync(["one two", "three"]);

        Assert.Equal([0.5f, -0.25f, 1f, 1f], answer[1].ToFloats().ToArray());
        Assert.Equal(3, answer.Usage.InputTokenCount);
        Assert.Equal(3, _upstream.Bill.TotalOf("text-embedding-3-small").InputTokens);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_AskedForUsageOrNot_HasItAsOpenAi(bool includeUsage)
    {
        var text = await (await PostAsync(Stream(includeUsage))).Content.ReadAsStringAsync();

        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Equal(includeUsage ? 10 : 0, events.Count(data => data.Contains("\"usage\":null", StringComparison.Ordinal)));
        Assert.Equal(
            includeUsage ? 1 : 0,
            events.Count(data => data.Contains("\"choices\":[],\"usage\":{\"prompt_tokens\":2", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(UsagePlacement.FinishChunk, 1)]
    [InlineData(UsagePlacement.EveryChunk, 10)]
    [InlineData(UsagePlacement.OnlyGroq, 1)]
    [InlineData(UsagePlacement.Nowhere, 0)]
    public async Task Stream_WithUsageElsewhere_HasItThereOnly(UsagePlacement placement, int chunks)
    {
        _upstream.Next(new UpstreamScript().WithUsage(placement).WithCrlf().WithPiecesOf(7).Complete());

        var text = await (await PostAsync(Stream(includeUsage: true))).Content.ReadAsStringAsync();

        var events = text.Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(chunks, events.Count(data => data.Contains("\"usage\":{", StringComparison.Ordinal)));
        Assert.DoesNotContain("\"choices\":[]", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_Cut_DeliversAndBillsWhatCameBefore(bool reset)
    {
        var script = new UpstreamScript().Tokens(3);
        _upstream.Next(reset ? script.CutByReset() : script.CutByFin());
        using var response = await PostAsync(Stream(includeUsage: true));
        await using var body = await response.Content.ReadAsStreamAsync();
        using var received = new MemoryStream();

        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(received));

        Assert.Equal(4, Encoding.UTF8.GetString(received.ToArray()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Length);
        await _upstream.EndedAsync();
        var entry = Assert.Single(_upstream.Bill.Entries);
        Assert.Equal(3, entry.Usage.OutputTokens);
        Assert.False(entry.ClientAborted);
    }

    [Fact]
    public async Task Stream_ThatTheClientLeaves_IsBilledUpToThereAndSaysSo()
    {
        _upstream.Next(new UpstreamScript().Tokens(2).Stall());
        using (var response = await PostAsync(Stream(includeUsage: false)))
        {
            await _upstream.RequestReceivedAsync();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await reader.ReadLineAsync() is { } line && !line.Contains("\" sea\"", StringComparison.Ordinal))
            {
                // The client leaves when it has the second token, not while the first is on its way.
            }
        }

        var left = await _upstream.ClientAbortedAsync();

        Assert.Equal(0, left.Number);
        var entry = Assert.Single(_upstream.Bill.Entries);
        Assert.True(entry.ClientAborted);
        Assert.Equal("The sea", entry.Generated);
    }

    [Fact]
    public async Task Stream_BehindAGate_GoesOnWhenItOpens()
    {
        var gate = new TaskCompletionSource();
        _upstream.ForModel("gpt-4o", new UpstreamScript().SendHeaders().WaitFor(gate).Complete());
        using var response = await PostAsync(Stream(includeUsage: false));
        Assert.Equal(0, _upstream.Bill.Total.OutputTokens);

        gate.SetResult();

        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(8, _upstream.Bill.Total.OutputTokens);
    }

    [Fact]
    public async Task Answer_Scripted_ComesOnceWithItsHeadersAndCostsNothing()
    {
        _upstream.Next(UpstreamScript.RateLimited(retryAfterSeconds: 7));

        using var refused = await PostAsync(Stream(includeUsage: false));
        using var answered = await PostAsync(Stream(includeUsage: false));

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("7", refused.Headers.GetValues("retry-after").Single());
        Assert.Equal(FakeUpstream.Organization, refused.Headers.GetValues("openai-organization").Single());
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.Equal(0, _upstream.Bill.Entries[0].Usage.TotalTokens);
    }

    [Fact]
    public async Task Gzip_Unasked_IsWhatTheHeaderSays()
    {
        using var unpacking = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip });
        _upstream.ForModel("gpt-4o", new UpstreamScript().WithGzip().Complete());
        using var content = JsonContent.Create(Stream(includeUsage: false));

        using var packed = await PostAsync(Stream(includeUsage: false));
        using var unpacked = await unpacking.PostAsync(new Uri(_upstream.BaseUrl + "/chat/completions"), content);

        Assert.Equal("gzip", packed.Content.Headers.ContentEncoding.Single());
        Assert.EndsWith("data: [DONE]\n\n", await unpacked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_OneUnknown_IsNotFound()
    {
        using var known = await Http.GetAsync(new Uri(_upstream.BaseUrl + "/models/gpt-4o"));
        using var unknown = await Http.GetAsync(new Uri(_upstream.BaseUrl + "/models/gpt-0"));

        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task RawUpstream_Garbage_IsNoHttp()
    {
        await using var raw = RawUpstream.Start(RawAnswers.Garbage);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(
            () => Http.PostAsJsonAsync(new Uri(raw.BaseUrl + "/chat/completions"), Stream(includeUsage: false)));

        Assert.Equal(HttpRequestError.InvalidResponse, failure.HttpRequestError);
    }

    [Fact]
    public async Task RawUpstream_CloseDelimited_EndsWithTheConnection()
    {
        UpstreamRequest? request = null;
        await using var raw = RawUpstream.Start(async connection =>
        {
            request = await connection.ReadRequestAsync();
            await connection.WriteAsync(RawAnswers.CloseDelimited("text/event-stream", "data: [DONE]\n\n"));
        });

        using var response = await Http.PostAsJsonAsync(
            new Uri(raw.BaseUrl + "/chat/completions?a=b"), Stream(includeUsage: false));

        Assert.Equal("data: [DONE]\n\n", await response.Content.ReadAsStringAsync());
        Assert.Equal(("/v1/chat/completions", "?a=b"), (request!.Path, request.Query));
        Assert.True(request.Json.GetProperty("stream").GetBoolean());
    }

    [Fact]
    public async Task RawUpstream_Reset_IsSeenAsOne()
    {
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            connection.Reset();
        });

        await Assert.ThrowsAsync<HttpRequestException>(
            () => Http.PostAsJsonAsync(new Uri(raw.BaseUrl + "/chat/completions"), Stream(includeUsage: false)));
    }

    private static object Stream(bool includeUsage) => new
    {
        model = "gpt-4o",
        messages = new[] { new { role = "user", content = "one two" } },
        stream = true,
        stream_options = includeUsage ? new { include_usage = true } : null,
    };

    private OpenAIClientOptions Options() => new()
    {
        Endpoint = _upstream.BaseUrl,
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    };

    private ChatClient Client(string model) => new(model, new ApiKeyCredential("sk-upstream"), Options());

    private async Task<HttpResponseMessage> PostAsync(object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _upstream.BaseUrl + "/chat/completions");
        request.Content = JsonContent.Create(body);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
