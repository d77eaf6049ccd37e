using CsCheck;
using Relay.Frontend.Simulation;

namespace Relay.Frontend.Tests.Simulation;

public sealed class EchoTokenizerTests
{
    private static readonly string[] Awkwards = ["𒀀 🧑‍🚀", "ꙮꙮ", "naïve 强制", "\uFFFD\uFFFD", ""];

    private static readonly Gen<string> Awkward = Gen.Int[0, Awkwards.Length - 1].Select(index => Awkwards[index]);

    [Fact]
    public void Split_CharactersOfSeveralTokens_HoldsThemUntilTheyAreWhole()
    {
        // U+12000 is four tokens, one a byte.
        Assert.Equal(["", "", "", "𒀀"], EchoTokenizer.Split("𒀀"));
    }

    [Fact]
    public void Split_AnyText_GivesItBackInWholeCharactersAndAsManyPiecesAsTokens() =>
        Gen.OneOf(Gen.String[Gen.Char[' ', '\uD7FF'], 0, 20], Awkward)
            .List[1, 5]
            .Select(string.Concat)
            .Sample(text =>
            {
                var pieces = EchoTokenizer.Split(text);

                Assert.Equal(text, string.Concat(pieces));
                Assert.Equal(EchoTokenizer.Count(text), pieces.Count);
                Assert.DoesNotContain(pieces, piece => piece.Length > 0 && char.IsHighSurrogate(piece[^1]));
            }, iter: 500);
}
