using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Relay.Frontend.Metering;
using Relay.Frontend.Simulation;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Simulation;

public sealed class EchoResponseTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    private readonly HttpMessageInvoker _invoker;

    public EchoResponseTests() => _invoker = new HttpMessageInvoker(new EchoUpstreamHandler(_time));

    public void Dispose() => _invoker.Dispose();

    [Theory]
    [InlineData("""{"model":"relay-echo","input":"one two three","instructions":"Be brief."}""", 6, 3, "one two three", "completed")]
    [InlineData("""{"model":"relay-echo","input":[{"role":"user","content":[{"type":"input_text","text":"one two"}]},{"role":"assistant","content":"three"}]}""", 3, 2, "one two", "completed")]
    [InlineData("""{"model":"relay-echo","input":"one two three","max_output_tokens":2}""", 3, 2, "one two", "incomplete")]
    public async Task Response_EchoesAndCounts(string request, int input, int output, string text, string status)
    {
        using var response = await PostAsync("/v1/responses", request);

        var body = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.OK, status), (response.StatusCode, body.GetProperty("status").GetString()));
        Assert.Equal(text, body.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        var usage = body.GetProperty("usage");
        Assert.Equal((input, output), (usage.GetProperty("input_tokens").GetInt32(), usage.GetProperty("output_tokens").GetInt32()));
    }

    [Theory]
    [InlineData("", "response.completed", 4)]
    [InlineData(""","max_output_tokens":2""", "response.incomplete", 2)]
    public async Task ResponseStream_IsTypedNumberedAndEndsWithTheUsage(string more, string last, int output)
    {
        using var response = await PostAsync("/v1/responses", $$"""{"model":"relay-echo","input":"one two three four","stream":true{{more}}}""");
        var events = (await ReadAsync(response)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        var meter = new StreamMeter(AnswerShape.Response);
        foreach (var one in events)
        {
            Assert.Equal(ReferenceEquals(one, events[^1]) ? SseEventKind.Done : SseEventKind.Data, meter.Read(Encoding.UTF8.GetBytes(one)));
        }

        Assert.StartsWith($"event: {last}\ndata: {{\"type\":\"{last}\",", events[^1], StringComparison.Ordinal);
        Assert.Equal((events.Length, new TokenUsage { InputTokens = 4, OutputTokens = output }), (meter.NextSequence, meter.Usage));
        Assert.Equal(output == 4 ? "one two three four" : "one two", string.Concat(meter.Text.Kept));
    }

    [Fact]
    public async Task Response_InTheBackground_IsQueuedAndThenThereUntilItIsDeleted()
    {
        using var begun = await PostAsync("/v1/responses", """{"model":"relay-echo","input":"one two three","background":true}""");
        var queued = JsonElement.Parse(await begun.Content.ReadAsStringAsync());
        Assert.Equal("queued", queued.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, queued.GetProperty("usage").ValueKind);
        var path = $"/v1/responses/{queued.GetProperty("id").GetString()}";

        using var cancelled = await SendAsync(HttpMethod.Post, path + "/cancel");
        using var found = await SendAsync(HttpMethod.Get, path);
        var whole = JsonElement.Parse(await found.Content.ReadAsStringAsync());
        Assert.Equal(whole.GetRawText(), await cancelled.Content.ReadAsStringAsync());
        Assert.Equal(("completed", 6), (whole.GetProperty("status").GetString(), whole.GetProperty("usage").GetProperty("total_tokens").GetInt32()));

        using var deleted = await SendAsync(HttpMethod.Delete, path);
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        foreach (var (method, end) in new[] { (HttpMethod.Get, ""), (HttpMethod.Delete, ""), (HttpMethod.Post, "/cancel") })
        {
            using var gone = await SendAsync(method, path + end);
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        }
    }

    [Fact]
    public async Task Responses_MoreThanAreKept_TheOldestIsForgotten()
    {
        var ids = new List<string>();
        for (var i = 0; i <= EchoStore.Max; i++)
        {
            using var begun = await PostAsync("/v1/responses", """{"model":"relay-echo","input":"one","background":true}""");
            ids.Add(JsonElement.Parse(await begun.Content.ReadAsStringAsync()).GetProperty("id").GetString()!);
        }

        using var oldest = await SendAsync(HttpMethod.Get, $"/v1/responses/{ids[0]}");
        using var next = await SendAsync(HttpMethod.Get, $"/v1/responses/{ids[1]}");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (oldest.StatusCode, next.StatusCode));
    }

    [Theory]
    [InlineData("/v1/responses/input_tokens", """{"model":"relay-echo","input":"one two","instructions":"three"}""", "{\"object\":\"response.input_tokens\",\"input_tokens\":3}")]
    [InlineData("/v1/moderations", """{"input":"one"}""", "\"results\":[{\"flagged\":false,")]
    [InlineData("/v1/moderations", """{"model":"relay-echo","input":["one","two"]}""", "},{\"flagged\":false,")]
    public async Task FreeEndpoint_Answers(string path, string request, string expected)
    {
        using var response = await PostAsync(path, request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(expected, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/responses", """{"model":"relay-echo"}""", "input")]
    [InlineData("/v1/responses", """{"model":"relay-echo","input":[]}""", "input")]
    [InlineData("/v1/responses", """{"model":"relay-echo","input":[{"content":"x"}]}""", "input[0].role")]
    [InlineData("/v1/responses", """{"model":"relay-echo","input":"x","max_output_tokens":0}""", "max_output_tokens")]
    [InlineData("/v1/responses", """{"model":"relay-echo","input":"x","stream":7}""", "stream")]
    [InlineData("/v1/responses", """{"model":"relay-echo","input":"x","background":7}""", "background")]
    [InlineData("/v1/responses", """{"model":"relay-echo","input":"x","instructions":7}""", "instructions")]
    [InlineData("/v1/responses/input_tokens", """{"model":"relay-echo"}""", "input")]
    [InlineData("/v1/moderations", "{}", "input")]
    [InlineData("/v1/moderations", """{"input":[]}""", "input")]
    [InlineData("/v1/moderations", """{"input":7}""", "input")]
    public async Task Request_ThatCannotBeUsed_NamesTheMember(string path, string request, string param)
    {
        using var response = await PostAsync(path, request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.Equal(param, error.GetProperty("param").GetString());
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, "http://simulation" + path);
        return await _invoker.SendAsync(request, default);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://simulation" + path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _invoker.SendAsync(request, default);
    }

    /// <summary>The whole stream; the clock is moved whenever the stream waits for it.</summary>
    private async Task<string> ReadAsync(HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        var text = new StringBuilder();
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
                return text.ToString();
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }
    }
}
