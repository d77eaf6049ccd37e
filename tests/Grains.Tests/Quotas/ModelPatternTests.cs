using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Quotas;

public sealed class ModelPatternTests
{
    [Theory]
    [InlineData("gpt-5", true)]
    [InlineData("gpt-", true)]
    [InlineData("o3", true)]
    [InlineData("o3-mini", false)]
    [InlineData("GPT-5", false)]
    [InlineData("my-gpt-5", false)]
    [InlineData("", false)]
    public void Allow_SomePatterns_AllowsWhatOneMatches(string model, bool allowed) =>
        Assert.Equal(allowed, ModelPattern.Allow(["o3", "gpt-*"], model));

    [Fact]
    public void Allow_NoPatterns_AllowsAll() => Assert.True(ModelPattern.Allow([], "anything"));
}
