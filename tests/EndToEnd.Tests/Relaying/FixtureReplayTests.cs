using System.Net;
using System.Text;
using System.Text.Json;
using Relay.Grains.Usage;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>
/// Replays recorded exchanges through Relay: every <c>*.json</c> of the folder that <c>RELAY_TEST_FIXTURES</c> names, in the form
/// <c>{request {method, path, body}, response {status, headers {name: [values]}, body | body_base64}}</c>.
/// </summary>
public sealed class FixtureReplayTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    private const string FolderVariable = "RELAY_TEST_FIXTURES";

    // What Relay does not relay yet, which it must say.
    private static readonly string[] NotRelayed = ["/v1/audio/", "/v1/images/", "/v1/files", "/v1/messages", "/openai/"];

    [SkippableFact]
    public async Task Exchange_Recorded_PassesToTheByteWithItsOwnUsage()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable);
        Skip.If(string.IsNullOrEmpty(folder), $"{FolderVariable} names no folder.");

        var files = Directory.GetFiles(folder!, "*.json").Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(files);
        var faults = new List<string>();
        foreach (var file in files)
        {
            try
            {
                await ReplayAsync(JsonElement.Parse(await File.ReadAllBytesAsync(file)));
            }
            catch (Exception e)
            {
                faults.Add($"{Path.GetFileName(file)}: {e.Message}");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private async Task ReplayAsync(JsonElement exchange)
    {
        var (request, recorded) = (exchange.GetProperty("request"), exchange.GetProperty("response"));
        var path = request.GetProperty("path").GetString()!;
        var answer = BodyOf(recorded);
        var status = recorded.GetProperty("status").GetInt32();
        var caller = await fixture.NewCallerAsync();
        var relayed = !NotRelayed.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal));
        if (relayed)
        {
            fixture.Upstream.Next(Script(recorded, status, answer));
        }

        using var message = caller.Request(path, request.GetProperty("method").ValueEquals("GET") ? null : AskOf(request, recorded));
        using var response = await RelayCaller.SendAsync(message);

        var given = await response.Content.ReadAsByteArrayAsync();
        if (!relayed)
        {
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            return;
        }

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(ContentTypeOf(recorded), response.Content.Headers.NonValidated["content-type"].ToString());
        Assert.Equal(Encoding.UTF8.GetString(answer), Encoding.UTF8.GetString(given));
        if (request.GetProperty("method").ValueEquals("POST"))
        {
            await AssertCountedAsync(caller, Encoding.UTF8.GetString(answer), status);
        }
    }

    /// <summary>The counts are those that the recording has, wherever they stand; without any, they are Relay's own.</summary>
    private static async Task AssertCountedAsync(RelayCaller caller, string answer, int status)
    {
        var counted = await caller.UsageAsync();
        Assert.Equal(1, counted.Requests);
        var reported = answer.Split('\n').Append(answer)
            .Select(line => line.StartsWith("data: {", StringComparison.Ordinal) ? line["data: ".Length..] : line)
            .Select(UsageOf)
            .LastOrDefault(usage => usage is not null);
        var line = await caller.CallLineAsync();
        if (reported is { } usage)
        {
            Assert.Equal(usage, counted.Tokens with { CachedInputTokens = 0, ReasoningTokens = 0 });
            Assert.Equal("reported", line["Source"]);
        }
        else if (status >= 300 || line["Endpoint"] is "/v1/moderations" or "/v1/responses/input_tokens")
        {
            Assert.Equal(0, counted.Tokens.TotalTokens);
        }
        else
        {
            Assert.True(counted.Tokens is { InputTokens: > 0, OutputTokens: > 0 }, $"{counted.Tokens}");
            Assert.Equal("estimated", line["Source"]);
        }
    }

    private static TokenUsage? UsageOf(string json)
    {
        JsonElement body;
        try
        {
            body = JsonElement.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }

        var holder = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("response", out var response) ? response : body;
        if (holder.ValueKind != JsonValueKind.Object || !holder.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        long Count(string name, string other) =>
            usage.TryGetProperty(name, out var count) || usage.TryGetProperty(other, out count) ? count.GetInt64() : 0;
        return new TokenUsage { InputTokens = Count("prompt_tokens", "input_tokens"), OutputTokens = Count("completion_tokens", "output_tokens") };
    }

    private static UpstreamScript Script(JsonElement recorded, int status, byte[] answer)
    {
        var script = new UpstreamScript().WithStatus(status).WithHeader("content-type", ContentTypeOf(recorded));
        return script.WithPiecesOf(97).Write(answer);
    }

    private static string ContentTypeOf(JsonElement recorded) => recorded.GetProperty("headers").EnumerateObject()
        .First(header => header.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase)).Value[0].GetString()!;

    /// <summary>The request as recorded; of some recordings only the answer was kept.</summary>
    private static byte[] AskOf(JsonElement request, JsonElement recorded) => BodyOf(request) is { Length: > 0 } body
        ? body
        : Encoding.UTF8.GetBytes(RelayCaller.Chat(
            ContentTypeOf(recorded).StartsWith("text/event-stream", StringComparison.Ordinal) ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}" : ""));

    private static byte[] BodyOf(JsonElement message) =>
        message.TryGetProperty("body_base64", out var packed) && packed.ValueKind == JsonValueKind.String
            ? packed.GetBytesFromBase64()
            : Encoding.UTF8.GetBytes(message.GetProperty("body").GetString() ?? "");
}
