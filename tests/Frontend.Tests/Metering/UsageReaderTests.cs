using System.Text;
using System.Text.Json;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Metering;

public sealed class UsageReaderTests
{
    [Theory]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"total_tokens":0}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"total_tokens":99,"completion_tokens_details":{"reasoning_tokens":0}}""")]
    [InlineData("""{"input_tokens":3,"output_tokens":4}""")]
    [InlineData("""{"completion_tokens":4,"prompt_tokens":3}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"input_tokens":0,"output_tokens":0}""")]
    [InlineData("""{"input_tokens":0,"output_tokens":0,"prompt_tokens":3,"completion_tokens":4}""")]
    [InlineData("""{"prompt_tokens":3.0,"completion_tokens":4e0}""")]
    [InlineData("""{"prompt_tok\u0065ns":3,"completion_tokens":4}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":null,"completion_tokens_details":null}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"text_tokens":3,"cached_tokens":null},"cost":0.25}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"other":{"prompt_tokens":70,"cached_tokens":70,"deep":{"audio_tokens":1}}}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"deep":{"cached_tokens":-1},"list":[-1]}}""")]
    [InlineData("""{"total_tokens":7,"completion_tokens":4}""")]
    public void Usage_EitherNaming_GivesInputAndOutput(string json) =>
        Assert.Equal(new TokenUsage { InputTokens = 3, OutputTokens = 4 }, Read(json).Usage);

    [Theory]
    [InlineData("""{"prompt_tokens":90,"completion_tokens":80,"prompt_tokens_details":{"cached_tokens":7,"audio_tokens":6},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":4}}""")]
    [InlineData("""{"input_tokens_details":{"audio_tokens":6,"cached_tokens":7},"output_tokens_details":{"audio_tokens":4,"reasoning_tokens":5},"input_tokens":90,"output_tokens":80}""")]
    [InlineData("""{"prompt_tokens":90,"completion_tokens":80,"prompt_cache_hit_tokens":1,"prompt_tokens_details":{"cached_tokens":7,"audio_tokens":6},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":4}}""")]
    public void Usage_Details_GiveTheClasses(string json) => Assert.Equal(
        new TokenUsage { InputTokens = 90, OutputTokens = 80, CachedInputTokens = 7, AudioInputTokens = 6, ReasoningTokens = 5, AudioOutputTokens = 4 },
        Read(json).Usage);

    [Theory]
    [InlineData("""{"input_tokens":9,"output_tokens":1,"input_tokens_details":{"cached_tokens":5,"cache_write_tokens":3}}""", 3)]
    [InlineData("""{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":5},"cache_creation_input_tokens":3}""", 3)]
    [InlineData("""{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cache_write_tokens":8,"cached_tokens":5}}""", 4)]
    public void Usage_WrittenToTheCache_IsAClassOfItsOwn(string json, long written) => Assert.Equal(
        new TokenUsage { InputTokens = 9, CachedInputTokens = 5, CacheWriteInputTokens = written, OutputTokens = 1 }, Read(json).Usage);

    [Theory]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":4,"total_tokens":12,"completion_tokens_details":{"reasoning_tokens":5}}""")]
    [InlineData("""{"total_tokens":12,"completion_tokens":4,"prompt_tokens":3}""")]
    public void Usage_ReasoningInTheTotalOnly_IsOutput(string json) =>
        Assert.Equal(new TokenUsage { InputTokens = 3, OutputTokens = 9, ReasoningTokens = 5 }, Read(json).Usage);

    [Fact]
    public void Usage_TotalAlone_IsInput() =>
        Assert.Equal(new TokenUsage { InputTokens = 8 }, Read("""{"total_tokens":8}""").Usage);

    [Fact]
    public void Usage_PartsAboveTheirSum_AreCutToIt() => Assert.Equal(
        new TokenUsage { InputTokens = 2, CachedInputTokens = 2, OutputTokens = 1, ReasoningTokens = 1 },
        Read("""{"prompt_tokens":2,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":9}}""").Usage);

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"prompt_tokens":null,"completion_tokens":null}""")]
    [InlineData("""{"prompt_tokens_details":{"cached_tokens":3}}""")]
    [InlineData("""{"seconds":7,"type":"duration"}""")]
    public void IsReported_NoCount_IsFalse(string json)
    {
        var usage = Read(json);
        Assert.False(usage.IsReported);
        Assert.Null(usage.Usage);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("-0.5")]
    [InlineData("1000000000001")]
    [InlineData("1e30")]
    [InlineData("99999999999999999999999999")]
    [InlineData("\"12\"")]
    [InlineData("true")]
    [InlineData("[12]")]
    [InlineData("{\"value\":12}")]
    public void Usage_ACountThatIsNone_IsNotTrusted(string count)
    {
        foreach (var json in new[]
        {
            $$"""{"prompt_tokens":{{count}},"completion_tokens":4}""",
            $$$"""{"prompt_tokens":3,"completion_tokens":4,"completion_tokens_details":{"reasoning_tokens":{{{count}}}}}""",
        })
        {
            var usage = Read(json);
            Assert.True(usage.IsReported);
            Assert.Null(usage.Usage);
        }
    }

    [Fact]
    public void Usage_TheLargestCount_IsTrusted() =>
        Assert.Equal(1_000_000_000_000, Read("""{"prompt_tokens":1000000000000}""").Usage?.InputTokens);

    private static UsageReader Read(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        var usage = new UsageReader(depth: 0);
        reader.Read();
        while (reader.Read() && reader.CurrentDepth > 0)
        {
            usage.Read(ref reader);
        }

        return usage;
    }
}
