using Relay.Frontend.Forwarding;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class UsageTextTests
{
    private const string Text = "in=1234 cached=2 audio_in=3 out=4 reasoning=5 audio_out=6 cache_write=7";

    private static readonly UsageText Usage = new(new TokenUsage
    {
        InputTokens = 1234,
        CachedInputTokens = 2,
        AudioInputTokens = 3,
        OutputTokens = 4,
        ReasoningTokens = 5,
        AudioOutputTokens = 6,
        CacheWriteInputTokens = 7,
    });

    [Fact]
    public void ToString_OfAllClasses_NamesEach() => Assert.Equal((Text, Text), (Usage.ToString(null, null), $"{Usage}"));

    [Fact]
    public void TryFormat_WithoutTheRoom_SaysSo()
    {
        Assert.False(Usage.TryFormat(new char[Text.Length - 1], out _, default, null));
        Assert.True(Usage.TryFormat(new char[Text.Length], out var written, default, null));
        Assert.Equal(Text.Length, written);
    }
}
