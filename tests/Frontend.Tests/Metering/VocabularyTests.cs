using Relay.Frontend.Metering;

namespace Relay.Frontend.Tests.Metering;

public sealed class VocabularyTests
{
    [Theory]
    [InlineData("gpt-4o")]
    [InlineData("gpt-4o-mini-2024-07-18")]
    [InlineData("gpt-4.1-nano")]
    [InlineData("gpt-5")]
    [InlineData("o3-mini")]
    [InlineData("ft:gpt-4o-mini:acme::7")]
    [InlineData("chatgpt-4o-latest")]
    [InlineData("llama-3-70b")]
    [InlineData("")]
    public void Of_NewAndUnknownModels_IsO200k(string model) => Assert.Same(Vocabulary.O200k, Vocabulary.Of(model));

    [Theory]
    [InlineData("gpt-4")]
    [InlineData("gpt-4-turbo-2024-04-09")]
    [InlineData("GPT-4-32k")]
    [InlineData("gpt-3.5-turbo")]
    [InlineData("gpt-35-turbo")]
    [InlineData("ft:gpt-3.5-turbo:acme::7")]
    [InlineData("openai/gpt-4")]
    [InlineData("text-embedding-3-small")]
    [InlineData("davinci-002")]
    public void Of_OlderModels_IsCl100k(string model) => Assert.Same(Vocabulary.Cl100k, Vocabulary.Of(model));

    [Fact]
    public void Count_ByVocabulary_Differs()
    {
        const string Text = "Smørbrød og 强 blåbær";

        Assert.Equal(
            (Vocabulary.O200k.Tokenizer.CountTokens(Text), Vocabulary.Cl100k.Tokenizer.CountTokens(Text)),
            (Vocabulary.O200k.Count(Text), Vocabulary.Cl100k.Count(Text)));
        Assert.NotEqual(Vocabulary.O200k.Count(Text), Vocabulary.Cl100k.Count(Text));
    }

    [Fact]
    public void Count_OfALongText_IsExactAcrossItsSlices()
    {
        var text = string.Join(' ', Enumerable.Range(0, 5000).Select(i => (i % 7) switch
        {
            0 => "blåbær,",
            1 => i.ToString(System.Globalization.CultureInfo.InvariantCulture),
            2 => "强强强!\n\n",
            3 => "  indented",
            4 => "🐢🐢",
            _ => "word's",
        }));

        Assert.Equal(Vocabulary.O200k.Tokenizer.CountTokens(text), Vocabulary.O200k.Count(text));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("🐢")]
    [InlineData(" ")]
    public void Count_OfAnEndlessRun_IsCloseToExact(string one)
    {
        var run = string.Concat(Enumerable.Repeat(one, 5000));
        var exact = Vocabulary.O200k.Tokenizer.CountTokens(run);

        Assert.InRange(Vocabulary.O200k.Count(run), exact, exact + 20);
    }
}
