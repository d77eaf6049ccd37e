using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Metering;
using Relay.Frontend.Upstreams;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Forwarding;

/// <summary>However a stream arrives, the same bytes go out, and the same is counted.</summary>
public sealed class StreamRelayProperties
{
    private const string UsageChunk = """data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}}""";

    private static readonly Gen<string> ChatLines = Gen.OneOf(
        ": keep-alive",
        "event: message",
        "id: 7",
        """data: {"model":"m","choices":[{"index":0,"delta":{"content":"blå 强 🐢"}}],"usage":null}""",
        """data:{"choices":[{"index":0,"delta":{"content":"\u00e5"}}]}""",
        "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"two lines\"}}]}",
        "data: {\"broken",
        "data",
        UsageChunk);

    private static readonly Gen<string> ResponseLines = Gen.OneOf(
        ": keep-alive",
        "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"model\":\"m\",\"usage\":null}}",
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"blå 强 🐢\"}");

    private static readonly Gen<string> LineEnds = Gen.OneOf("\n", "\r\n", "\r");

    private static readonly Gen<int[]> Sizes = Gen.Int[1, 40].Array[1, 6];

    [Fact]
    public Task Chat_InWhateverPieces_GivesTheSameBytesAndCounts() =>
        Gen.Select(ChatLines.Array[0, 12], LineEnds, Sizes, Gen.Bool).SampleAsync(async (lines, lineEnd, sizes, usageAsked) =>
        {
            var stream = Join([.. lines, "data: [DONE]"], lineEnd);
            var expected = usageAsked ? stream : Join([.. lines.Where(line => !line.Equals(UsageChunk, StringComparison.Ordinal)), "data: [DONE]"], lineEnd);

            var (text, usage, tokens) = await RelayAsync(stream, sizes, AnswerShape.Choices, usageAsked);

            Assert.Equal(expected, text);
            Assert.Equal(lines.Contains(UsageChunk, StringComparer.Ordinal) ? new TokenUsage { InputTokens = 7, OutputTokens = 9 } : null, usage);
            Assert.Equal((await RelayAsync(stream, [int.MaxValue], AnswerShape.Choices, usageAsked)).TextBytes, tokens);
        });

    [Fact]
    public Task Response_InWhateverPieces_GivesTheSameBytesAndCounts() =>
        Gen.Select(ResponseLines.Array[0, 12], LineEnds, Sizes).SampleAsync(async (lines, lineEnd, sizes) =>
        {
            const string Last = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":9}}}";
            var stream = Join([.. lines, Last], lineEnd);

            var (text, usage, bytes) = await RelayAsync(stream, sizes, AnswerShape.Response, usageAsked: false);

            Assert.Equal(stream, text);
            Assert.Equal(new TokenUsage { InputTokens = 7, OutputTokens = 9 }, usage);
            Assert.Equal(lines.Count(line => line.Contains("delta", StringComparison.Ordinal)) * Encoding.UTF8.GetByteCount("blå 强 🐢"), bytes);
        });

    [Fact]
    public async Task Frame_OfTenMegabytes_PassesWhole()
    {
        var stream = $$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{new string('x', 10_000_000)}}}"},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n";

        var (text, _, bytes) = await RelayAsync(stream, [64 * 1024], AnswerShape.Choices, usageAsked: false);

        Assert.Equal(stream, text);
        Assert.Equal(10_000_000, bytes);
    }

    [Fact]
    public async Task Frame_BeyondTheBound_IsABrokenAnswer()
    {
        var stream = "data: " + new string('x', (16 * 1024 * 1024) + 1);

        Assert.Equal("", (await RelayAsync(stream, [64 * 1024], AnswerShape.Choices, usageAsked: false, RelayEnd.UpstreamCut)).Text);
    }

    private static string Join(IEnumerable<string> events, string lineEnd) =>
        string.Concat(events.Select(one => one.Replace("\n", lineEnd, StringComparison.Ordinal) + lineEnd + lineEnd));

    private static async Task<(string Text, TokenUsage? Usage, long TextBytes)> RelayAsync(
        string stream, int[] sizes, AnswerShape shape, bool usageAsked, RelayEnd expected = RelayEnd.Complete)
    {
        using var deadline = new UpstreamDeadline(new StepTimeouts(TimeProvider.System), TimeSpan.Zero);
        using var client = new MemoryStream();
        var http = new DefaultHttpContext();
        http.Response.Body = client;
        var source = new AnswerSource(
            new PiecesStream(Encoding.UTF8.GetBytes(stream), sizes), deadline, TimeProvider.System, Timeout.InfiniteTimeSpan, drainBytes: 0);
        using var relay = new StreamRelay(http.Response, source, Facts(shape, usageAsked), static _ => { });

        Assert.Equal(expected, await relay.RunAsync());
        if (expected == RelayEnd.Complete)
        {
            await relay.FinishAsync();
        }

        return (Encoding.UTF8.GetString(client.ToArray()), relay.Usage, relay.Text.Bytes);
    }

    private static RequestFacts Facts(AnswerShape shape, bool usageAsked) => new()
    {
        Model = "m",
        Stream = true,
        UsageAsked = usageAsked,
        InputTokensEstimated = 1,
        OutputTokensMax = null,
        Choices = 1,
        Shape = shape,
        Edits = [],
    };
}
