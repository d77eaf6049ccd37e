using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Relay.Frontend.Simulation;

namespace Relay.Frontend.Tests.Simulation;

public sealed class EchoUpstreamHandlerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    private readonly HttpMessageInvoker _invoker;

    public EchoUpstreamHandlerTests() => _invoker = new HttpMessageInvoker(new EchoUpstreamHandler(_time));

    public void Dispose() => _invoker.Dispose();

    [Fact]
    public async Task Chat_SeveralMessages_RepeatsTheLastOfTheUserAndCountsAll()
    {
        var answer = await AskAsync("/v1/chat/completions", """
            {"model":"relay-echo","messages":[
              {"role":"system","content":"Be brief."},
              {"role":"user","content":[{"type":"text","text":"Hello"},{"type":"text","text":" wörld 🚀"}]},
              {"role":"assistant","content":null,"tool_calls":[]}]}
            """);

        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal("Hello wörld 🚀", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(1_800_000_000, answer.GetProperty("created").GetInt64());
        Assert.Equal("chat.completion", answer.GetProperty("object").GetString());
        var echoed = EchoTokenizer.Count("Hello wörld 🚀");
        AssertUsage(answer, input: EchoTokenizer.Count("Be brief.") + echoed, output: echoed);
    }

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    public async Task Chat_WithACapAndSeveralChoices_CutsAndCountsEach(string cap)
    {
        var answer = await AskAsync("/v1/chat/completions", $$"""
            {"model":"relay-echo","n":3,"{{cap}}":2,"messages":[{"role":"user","content":"one two three"}]}
            """);

        Assert.Equal(3, answer.GetProperty("choices").GetArrayLength());
        Assert.All(answer.GetProperty("choices").EnumerateArray(), choice =>
        {
            Assert.Equal("one two", choice.GetProperty("message").GetProperty("content").GetString());
            Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        });
        AssertUsage(answer, input: 3, output: 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData(""","stream_options":{"include_usage":false}""")]
    public async Task ChatStream_NotAskedForUsage_HasNone(string options)
    {
        var events = await StreamAsync("/v1/chat/completions", $$"""
            {"model":"relay-echo","stream":true{{options}},"messages":[{"role":"user","content":"one two"}]}
            """);

        Assert.Equal("[DONE]", events[^1]);
        var chunks = events[..^1].Select(Parse).ToList();
        Assert.Equal(["", "one", " two", null], chunks.Select(ContentOf), StringComparer.Ordinal);
        Assert.Equal("stop", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.All(chunks, chunk => Assert.False(chunk.TryGetProperty("usage", out _)));
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ChatStream_AskedForUsage_HasNullsAndAnExtraChunk()
    {
        var events = await StreamAsync("/v1/chat/completions", """
            {"model":"relay-echo","stream":true,"stream_options":{"include_usage":true},"n":2,
             "messages":[{"role":"user","content":"𒀀"}]}
            """);

        var chunks = events[..^1].Select(Parse).ToList();

        // Two openings, the held character once a choice, two ends, and the extra chunk.
        Assert.Equal(7, chunks.Count);
        Assert.Equal(["𒀀", "𒀀"], chunks[2..4].Select(ContentOf), StringComparer.Ordinal);
        Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        AssertUsage(chunks[^1], input: 4, output: 8);
    }

    [Fact]
    public async Task ChatStream_CancelledBetweenTokens_Ends()
    {
        using var response = await PostAsync("/v1/chat/completions", """
            {"model":"relay-echo","stream":true,"messages":[{"role":"user","content":"one two"}]}
            """);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[4096];
        Assert.NotEqual(0, await stream.ReadAsync(buffer));
        using var cancellation = new CancellationTokenSource();
        var token = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        Assert.False(token.IsCompleted);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => token);
    }

    [Fact]
    public async Task Completions_SeveralPrompts_EchoesEach()
    {
        var answer = await AskAsync(
            "/v1/completions", """{"model":"relay-echo","prompt":["one two","three"],"n":2}""");

        Assert.Equal(
            ["one two", "one two", "three", "three"],
            answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()),
            StringComparer.Ordinal);
        AssertUsage(answer, input: 3, output: 6);
    }

    [Fact]
    public async Task CompletionStream_OfTokenNumbers_EchoesTheirText()
    {
        // 13225 is "Hello" in o200k.
        var events = await StreamAsync("/v1/completions", """{"model":"relay-echo","prompt":[13225],"stream":true}""");

        Assert.Equal(
            ["Hello", ""],
            events[..^1].Select(Parse).Select(chunk => chunk.GetProperty("choices")[0].GetProperty("text").GetString()),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task Embeddings_FloatAndBase64_AreTheSameUnitVectors()
    {
        var floats = await AskAsync("/v1/embeddings", """{"model":"relay-echo","input":["one two","three"]}""");
        var packed = await AskAsync(
            "/v1/embeddings", """{"model":"relay-echo","input":[[13225],"three"],"encoding_format":"base64"}""");

        var vector = floats.GetProperty("data")[1].GetProperty("embedding").EnumerateArray()
            .Select(number => number.GetSingle()).ToArray();
        var bytes = packed.GetProperty("data")[1].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(16, vector.Length);
        Assert.Equal(1, vector.Sum(number => number * number), precision: 5);
        Assert.Equal(vector.SelectMany(BitConverter.GetBytes), bytes);
        Assert.NotEqual(vector[0], floats.GetProperty("data")[0].GetProperty("embedding")[0].GetSingle());
        Assert.Equal("""{"prompt_tokens":3,"total_tokens":3}""", floats.GetProperty("usage").GetRawText());
    }

    [Theory]
    [InlineData("/v1/chat/completions", "not json", null, null)]
    [InlineData("/v1/chat/completions", "[]", null, null)]
    [InlineData("/v1/chat/completions", "{}", "model", "missing_required_parameter")]
    [InlineData("/v1/chat/completions", """{"model":"relay-echo"}""", "messages", "missing_required_parameter")]
    [InlineData("/v1/chat/completions", """{"model":"relay-echo","messages":[]}""", "messages", "invalid_value")]
    [InlineData(
        "/v1/chat/completions",
        """{"model":"relay-echo","messages":[{"role":"user","content":"\ud800"}]}""",
        "messages[0].content",
        "invalid_value")]
    [InlineData(
        "/v1/chat/completions",
        """{"model":"relay-echo","max_tokens":0,"messages":[{"role":"user","content":"a"}]}""",
        "max_tokens",
        "invalid_value")]
    [InlineData(
        "/v1/chat/completions",
        """{"model":"relay-echo","stream_options":{"include_usage":true},"messages":[{"role":"user","content":"a"}]}""",
        "stream_options",
        "invalid_value")]
    [InlineData("/v1/completions", """{"model":"relay-echo","prompt":[1.5]}""", "prompt", "invalid_value")]
    [InlineData("/v1/completions", """{"model":"relay-echo","prompt":"a","n":129}""", "n", "invalid_value")]
    [InlineData("/v1/embeddings", """{"model":"relay-echo","input":""}""", "input", "invalid_value")]
    [InlineData("/v1/embeddings", """{"model":"relay-echo","input":"a","dimensions":8}""", "dimensions", "invalid_value")]
    public async Task Post_ABadBody_IsRefusedInOpenAisForm(string path, string body, string? param, string? code)
    {
        using var response = await PostAsync(path, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotEqual(0, error.GetProperty("message").GetString()?.Length);
    }

    [Fact]
    public async Task Post_MoreOutputThanAnAnswerHolds_IsRefused()
    {
        var prompt = string.Join(' ', Enumerable.Repeat("a", EchoAnswer.OutputTokensMax / 128 + 1));
        using var response = await PostAsync(
            "/v1/completions", $$"""{"model":"relay-echo","prompt":"{{prompt}}","n":128}""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("context_length_exceeded", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"gpt-4o","messages":[]}""")]
    [InlineData("/v1/embeddings", """{"model":"gpt-4o","input":"a"}""")]
    public async Task Post_AnotherModel_IsNotFoundAndSaysWhatToDo(string path, string body)
    {
        using var response = await PostAsync(path, body);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Contains("relay-echo", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("OPENAI_API_KEY", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/v1/models", HttpStatusCode.OK)]
    [InlineData("GET", "/v1/models/relay-echo", HttpStatusCode.OK)]
    [InlineData("GET", "/v1/models/gpt-4o", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/files", HttpStatusCode.NotFound)]
    [InlineData("POST", "/v1/files", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/v1/models/relay-echo", HttpStatusCode.NotFound)]
    public async Task Send_ByMethodAndPath_FindsWhatThereIs(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://simulation" + path);

        using var response = await _invoker.SendAsync(request, default);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }

    private static JsonElement Parse(string json) => JsonElement.Parse(json);

    private static string? ContentOf(JsonElement chunk) =>
        chunk.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var content)
            ? content.GetString()
            : null;

    private static void AssertUsage(JsonElement answer, int input, int output)
    {
        var usage = answer.GetProperty("usage");
        Assert.Equal(input, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(output, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(input + output, usage.GetProperty("total_tokens").GetInt32());
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://simulation" + path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _invoker.SendAsync(request, default);
    }

    private async Task<JsonElement> AskAsync(string path, string body)
    {
        using var response = await PostAsync(path, body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>The data of every event; the clock is moved whenever the stream waits for it.</summary>
    private async Task<List<string>> StreamAsync(string path, string body)
    {
        using var response = await PostAsync(path, body);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        await using var stream = await response.Content.ReadAsStreamAsync();
        var events = new List<string>();
        var buffer = new byte[4096];
        while (true)
        {
            var read = stream.ReadAsync(buffer).AsTask();
            if (!read.IsCompleted)
            {
                _time.Advance(EchoUpstreamHandler.TokenDelay);
            }

            var length = await read;
            if (length == 0)
            {
                return events;
            }

            var text = Encoding.UTF8.GetString(buffer, 0, length);
            Assert.StartsWith("data: ", text, StringComparison.Ordinal);
            Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
            events.Add(text[6..^2]);
        }
    }
}
