using System.Text;
using CsCheck;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Metering;

public sealed class BodyMeterTests
{
    private const string Chat = """
        {
          "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-t\u0065st",
          "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Gr\u00fc\u00dfe 😀\n", "refusal": null,
              "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "get", "arguments": "{\"a\":1}"}}],
              "annotations": []}, "finish_reason": "stop", "logprobs": null},
            {"index": 1, "message": {"role": "assistant", "content": "two"}, "finish_reason": "stop"}
          ],
          "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0, "accepted_prediction_tokens": 0}},
          "service_tier": "default"
        }

        """;

    private static readonly TokenUsage ChatUsage = new() { InputTokens = 19, CachedInputTokens = 4, OutputTokens = 10, ReasoningTokens = 3 };

    [Fact]
    public void Complete_AChat_GivesUsageModelAndText()
    {
        using var meter = Read(Encoding.UTF8.GetBytes(Chat), [int.MaxValue]);
        Assert.Equal(ChatUsage, meter.Usage);
        Assert.Equal("gpt-test", meter.Model);
        Assert.Equal(Encoding.UTF8.GetByteCount("Grüße 😀\n" + "get" + "{\"a\":1}" + "two"), meter.Text.Bytes);
        Assert.True(meter.IsJson);
    }

    [Fact]
    public void Append_AnyChunking_GivesTheSame() =>
        Gen.Select(Gen.Int[0, 40].Array[1, 10].Where(sizes => sizes.Any(size => size > 0)), Gen.Bool).Sample((sizes, hasMark) =>
        {
            using var meter = Read(Encoding.UTF8.GetBytes((hasMark ? "\uFEFF" : "") + Chat), sizes);
            Assert.Equal(ChatUsage, meter.Usage);
            Assert.Equal("gpt-test", meter.Model);
            Assert.Equal(26, meter.Text.Bytes);
            Assert.True(meter.IsJson);
        });

    [Fact]
    public void Complete_ATextCompletion_CountsItsText()
    {
        using var meter = Read("""{"model":"m","choices":[{"text":"abc"},{"text":"de"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"""u8, [7]);
        Assert.Equal(5, meter.Text.Bytes);
        Assert.Equal(new TokenUsage { InputTokens = 1, OutputTokens = 2 }, meter.Usage);
    }

    [Theory]
    [InlineData("\"AAAAgD8AAABA\"")]
    [InlineData("[0.0023064255,-0.009327292,-1e-05]")]
    public void Complete_Embeddings_CountsInputAndNoText(string embedding)
    {
        var body = $$$"""{"object":"list","data":[{"object":"embedding","index":0,"embedding":{{{embedding}}}}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}""";
        using var meter = Read(Encoding.UTF8.GetBytes(body), [5]);
        Assert.Equal(new TokenUsage { InputTokens = 8 }, meter.Usage);
        Assert.Equal(0, meter.Text.Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>Bad Gateway</html>")]
    [InlineData("{\"usage\":{\"prompt_tokens\":3}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":3}} {}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":3},}")]
    public void Complete_NoWholeJson_SaysSo(string body)
    {
        using var meter = Read(Encoding.UTF8.GetBytes(body), [4]);
        Assert.False(meter.IsJson);
    }

    [Fact]
    public void Usage_ABodyCutAfterItsUsage_IsKept()
    {
        using var meter = Read("""{"usage":{"prompt_tokens":3},"choices":[{"message":{"content":"cut"""u8, [10]);
        Assert.Equal(3, meter.Usage?.InputTokens);
        Assert.False(meter.IsJson);
    }

    [Fact]
    public void Usage_ABodyCutInsideItsUsage_IsNull()
    {
        using var meter = Read("""{"usage":{"prompt_tokens":3"""u8, [10]);
        Assert.Null(meter.Usage);
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(1000, 64)]
    [InlineData(1100, 1)]
    [InlineData(1100, 64)]
    public void Append_ALongTokenInSmallParts_IsReadUpToTheBound(int tokenBytes, int partBytes)
    {
        // The two quotes belong to the token.
        var body = $$$"""{"data":"{{{new string('x', tokenBytes - 2)}}}","usage":{"total_tokens":5}}""";
        using var meter = new BodyMeter(tokenBytesMax: 1000);
        Append(meter, Encoding.UTF8.GetBytes(body), [partBytes]);
        Assert.Equal(tokenBytes <= 1000, meter.IsJson);
        Assert.Equal(tokenBytes <= 1000 ? 5 : null, meter.Usage?.InputTokens);
    }

    [Fact]
    public void Append_AfterTheBodyEnded_ChangesNothing()
    {
        var meter = Read("""{"usage":{"prompt_tokens":3}}"""u8, [100]);
        meter.Append("garbage"u8);
        meter.Complete();
        meter.Dispose();
        meter.Append("garbage"u8);
        Assert.True(meter.IsJson);
        Assert.Equal(3, meter.Usage?.InputTokens);
    }

    private static BodyMeter Read(ReadOnlySpan<byte> body, int[] sizes)
    {
        var meter = new BodyMeter();
        Append(meter, body, sizes);
        return meter;
    }

    private static void Append(BodyMeter meter, ReadOnlySpan<byte> body, int[] sizes)
    {
        for (var i = 0; !body.IsEmpty; i++)
        {
            var size = Math.Min(body.Length, sizes[i % sizes.Length]);
            meter.Append(body[..size]);
            body = body[size..];
        }

        meter.Complete();
    }
}
