using CsCheck;
using Relay.Frontend.Authentication;
using Relay.Grains.Keys;

namespace Relay.Frontend.Tests.Authentication;

public sealed class ApiKeyTokenTests
{
    // A fixed one, so that a change of the form that would refuse all issued keys fails here.
    private const string Issued = "sk-relay-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2s";

    [Fact]
    public void TryParse_AKeyThatWasIssued_IsTaken()
    {
        Assert.True(ApiKeyToken.TryParse(Issued, out var token));

        Assert.Equal("key_agv9myf4jf3cpjm7", token.KeyId);
        Assert.Equal("97d789ee", Convert.ToHexStringLower(token.Hash.ToArray())[..8]);
    }

    [Fact]
    public void Create_ManyTimes_RoundTripsAndNeverRepeats()
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 1_000; i++)
        {
            var created = ApiKeyToken.Create(out var text, out var hint);

            Assert.True(ApiKeyToken.TryParse(text, out var read));
            Assert.Equal(created, read);
            Assert.True(KeyId.IsWellFormed(read.KeyId));
            Assert.Equal($"sk-relay-…{text[^4..]}", hint);
            Assert.True(texts.Add(text));
        }
    }

    [Fact]
    public void TryParse_OneCharacterChanged_IsRefused()
    {
        var change = Gen.Select(Gen.Int[0, Issued.Length - 1], Gen.Char);
        change.Where((at, c) => Issued[at] != c).Sample(
            (at, c) => !ApiKeyToken.TryParse($"{Issued[..at]}{c}{Issued[(at + 1)..]}", out _), iter: 5_000);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sk-relay-")]
    [InlineData("sk-proj-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2s")]
    [InlineData("SK-RELAY-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2s")]
    [InlineData("sk-relay-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2")]
    [InlineData("sk-relay-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2ss")]
    [InlineData(" sk-relay-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2s")]
    [InlineData("sk-relay-AGV9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4LoV2s")]
    [InlineData("sk-relay-agv9myf4jf3cpjm70mtbkZXSYsiUtEKB5oePVURSlE0i3BlUzDRTunsJ4Lo🦊")]
    public void TryParse_NoKeyOfRelays_IsRefused(string? text) => Assert.False(ApiKeyToken.TryParse(text, out _));
}
