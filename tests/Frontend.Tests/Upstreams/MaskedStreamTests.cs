using System.Text;
using CsCheck;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Upstreams;

public sealed class MaskedStreamTests
{
    private const string Secret = "sk-aabaab";

    // Pieces of the secret too, so that some of it is there without all of it.
    private static readonly Gen<string> Texts =
        Gen.OneOf(Secret, "sk-", "sk-aab", "aab", "s", "{\"error\":\"", " blå ").Array[0, 40].Select(string.Concat);

    [Fact]
    public Task Read_InWhateverPieces_HidesEverySecretAndNothingElse() =>
        Gen.Select(Texts, Gen.Int[1, 13].Array[1, 5], Gen.Int[1, 20]).SampleAsync(async (text, sizes, bufferBytes) =>
            Assert.Equal(text.Replace(Secret, "*********", StringComparison.Ordinal), await ReadAsync(text, sizes, bufferBytes)));

    [Fact]
    public async Task Read_ALongText_IsWhole()
    {
        var text = string.Concat(Enumerable.Repeat("word ", 50_000)) + Secret;

        Assert.Equal(text.Replace(Secret, "*********", StringComparison.Ordinal), await ReadAsync(text, [100_000], 4096));
    }

    private static async Task<string> ReadAsync(string text, int[] sizes, int bufferBytes)
    {
        await using var masked = new MaskedStream(new PiecesStream(Encoding.UTF8.GetBytes(text), sizes), Encoding.UTF8.GetBytes(Secret));
        var result = new List<byte>();
        var buffer = new byte[bufferBytes];
        while (await masked.ReadAsync(buffer) is var read and > 0)
        {
            result.AddRange(buffer.AsSpan(0, read));
        }

        return Encoding.UTF8.GetString([.. result]);
    }
}
