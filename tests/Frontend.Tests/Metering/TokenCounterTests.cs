using System.Text;
using System.Text.Json;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Tests.Metering;

public sealed class TokenCounterTests : IDisposable
{
    private readonly TokenCounter _counter = new();

    public void Dispose() => _counter.Dispose();

    [Fact]
    public async Task Count_TextsSideBySide_AreCountedEachOnItsOwn()
    {
        var text = new OutputText();
        foreach (var piece in new[] { "un", "believ", "able" })
        {
            Add(text, OutputTextKind.Said, 0, piece);
            Add(text, OutputTextKind.Said, 1, piece);
        }

        Assert.Equal(2 * Vocabulary.O200k.Count("unbelievable"), await _counter.CountAsync("gpt-4o", text));
    }

    [Fact]
    public async Task Count_ReasoningUnderTwoNames_CountsOnce()
    {
        var text = new OutputText();
        Add(text, OutputTextKind.Said, 0, "yes");
        Add(text, OutputTextKind.Reasoning, 0, "one two three");
        Add(text, OutputTextKind.ReasoningContent, 0, "one two three");

        Assert.Equal(4, await _counter.CountAsync("gpt-4o", text));
        Assert.Equal("yesone two three".Length, text.Bytes);
    }

    [Fact]
    public async Task Count_BeyondTheBound_IsInProportion()
    {
        var text = new OutputText(keptBytesMax: 4000);
        for (var i = 0; i < 1000; i++)
        {
            Add(text, OutputTextKind.Said, 0, " word");
        }

        Assert.Equal(4000, Assert.Single(text.Kept).Length);
        Assert.Equal(1000, await _counter.CountAsync("gpt-4o", text));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(41, 11)]
    public async Task Count_OfBytesThatNobodyRead_IsAQuarter(int bytes, int expected)
    {
        var text = new OutputText();
        text.AddUnread(bytes);

        Assert.Equal(expected, await _counter.CountAsync("gpt-4o", text));
    }

    [Fact]
    public async Task Count_OfEscapedText_IsThatOfTheTextItself()
    {
        var text = new OutputText();
        Add(text, OutputTextKind.Called, 0, "bl\u00e5 \"强\" 🐢");

        Assert.Equal("blå \"强\" 🐢", Assert.Single(text.Kept));
        Assert.Equal(Vocabulary.Cl100k.Count("blå \"强\" 🐢"), await _counter.CountAsync("gpt-4", text));
    }

    private static void Add(OutputText text, OutputTextKind kind, long place, string value)
    {
        // Serialised, so that everything beyond ASCII is an escape.
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value)));
        reader.Read();
        text.Add(kind, place, ref reader);
    }
}
