using System.Net;
using System.Text.Json;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Sdk;

/// <summary>The client that came before: Python's <c>openai</c> 0.28, whose base address has no <c>/v1</c>, and whose users read <c>choices[0]</c>.</summary>
public sealed class OldPythonClientTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string Body = """{"model": "gpt-4o", "messages": [{"role": "user", "content": "one two three four"}]STREAM}""";

    [Fact]
    public async Task Chat_AsThatClientSendsIt_IsAnsweredAndCounted()
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await SendAsync(caller, Body.Replace("STREAM", "", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("assistant", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("role").GetString());
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Stream_AsThatClientSendsIt_HasChoicesInEveryChunkAndIsCountedExactly()
    {
        var caller = await fixture.NewCallerAsync();

        using var response = await SendAsync(caller, Body.Replace("STREAM", ", \"stream\": true", StringComparison.Ordinal));

        var events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Equal(10, events.Length - 1);
        Assert.All(events[..^1], data => Assert.Equal(1, JsonElement.Parse(data["data: ".Length..]).GetProperty("choices").GetArrayLength()));
        Assert.Equal(8, caller.Billed.OutputTokens);
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.Equal("reported", (await caller.CallLineAsync())["Source"]);
    }

    [Fact]
    public async Task Error_AsThatClientReadsIt_HasWhatItsExceptionsAreMadeFrom()
    {
        var caller = await fixture.NewCallerAsync(new KeyLimit("requests", "day", 0));

        using var response = await SendAsync(caller, Body.Replace("STREAM", ", \"stream\": true", StringComparison.Ordinal));

        Assert.Equal("insufficient_quota", (await Errors.ReadAsync(response, HttpStatusCode.TooManyRequests)).Code);
    }

    private static async Task<HttpResponseMessage> SendAsync(RelayCaller caller, string body)
    {
        using var request = caller.Request("/chat/completions", body);
        request.Headers.TryAddWithoutValidation("User-Agent", "OpenAI/v1 PythonBindings/0.28.1");
        request.Headers.TryAddWithoutValidation(
            "X-OpenAI-Client-User-Agent",
            """{"bindings_version": "0.28.1", "httplib": "requests", "lang": "python", "lang_version": "3.11.2", "platform": "Linux", "publisher": "openai"}""");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, deflate");
        return await RelayCaller.SendAsync(request);
    }
}
