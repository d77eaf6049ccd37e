using System.Text;
using CsCheck;
using Relay.Grains.Ledger;
using static Relay.Grains.Tests.Ledger.Entries;

namespace Relay.Grains.Tests.Ledger;

public sealed class LedgerFormTests
{
    [Fact]
    public void Of_AnyText_IsWellFormedShortAndStaysSo() =>
        Gen.Char.Array[0, 300].Select(static characters => new string(characters)).Sample(static text =>
        {
            var model = ModelOf(text);
            Assert.True(model.Length <= LedgerForm.TextMax);
            Assert.DoesNotContain('\0', model);
            Assert.False(model.EndsWith(' '));
            Assert.Equal(model, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(model)));
            Assert.Equal(model, ModelOf(model));
        });

    [Theory]
    [InlineData("a\0b", "a\uFFFDb")]
    [InlineData("\0", "\uFFFD")]
    [InlineData("\U0001F680 \u4E16 \t", "\U0001F680 \u4E16 \t")]
    [InlineData("", "")]
    [InlineData("   ", "")]
    [InlineData(" gpt 4  ", " gpt 4")]
    [InlineData("gpt\t ", "gpt\t")]
    public void Of_Text_KeepsWhatEveryDatabaseKeeps(string text, string expected) => Assert.Equal(expected, ModelOf(text));

    [Fact]
    public void Of_HalfACharacter_IsReplaced()
    {
        Assert.Equal("a\uFFFDb", ModelOf(string.Concat("a", '\uD83D', "b")));
        Assert.Equal("a\uFFFD", ModelOf(string.Concat("a", '\uD83D')));
    }

    [Fact]
    public void Of_LongText_IsCutBetweenCharacters()
    {
        Assert.Equal(new string('m', 256), ModelOf(new string('m', 1_000_000)));
        Assert.Equal(new string('m', 255), ModelOf(new string('m', 255) + "\U0001F680"));
        Assert.Equal(new string('m', 255), ModelOf(new string('m', 255) + " m"));
    }

    [Fact]
    public void Of_Times_AreWholeMilliseconds()
    {
        var entry = Entry("key_a", 1, 1);
        var exact = entry.Settlement.EndedAt.AddMilliseconds(7);
        entry = entry with { Settlement = entry.Settlement with { FirstByteAt = exact.AddTicks(9_999), EndedAt = exact.AddTicks(1) } };

        var settlement = LedgerForm.Of(entry).Settlement;

        Assert.Equal(exact, settlement.EndedAt);
        Assert.Equal(exact, settlement.FirstByteAt);
    }

    private static string ModelOf(string text) => LedgerForm.Of(Entry("key_a", 1, 1, model: text)).Settlement.Call.Model;
}
