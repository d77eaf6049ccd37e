using Relay.Frontend.Metering;

namespace Relay.Frontend.Simulation;

/// <summary>Counts and splits text with o200k, the encoding of OpenAI's current models.</summary>
internal static class EchoTokenizer
{
    /// <summary>The number of tokens in a text.</summary>
    public static int Count(string text) => Vocabulary.O200k.Tokenizer.CountTokens(text);

    /// <summary>The text of these token numbers; a number that is no token adds nothing.</summary>
    public static string Decode(IEnumerable<int> tokens) => Vocabulary.O200k.Tokenizer.Decode(tokens);

    /// <summary>
    /// The text that each token adds. A token that ends inside a character adds an empty string or the whole characters
    /// before it, and the character comes with the token that completes it.
    /// </summary>
    public static IReadOnlyList<string> Split(string text)
    {
        var tokens = Vocabulary.O200k.Tokenizer.EncodeToTokens(text, out var normalized);
        var source = normalized ?? text;
        var pieces = new string[tokens.Count];
        var start = 0;
        for (var i = 0; i < pieces.Length; i++)
        {
            // A token's range covers the character it ends in, whole or not, but the next one starts where whole ones end.
            var end = i + 1 < pieces.Length ? tokens[i + 1].Offset.Start.Value : source.Length;
            pieces[i] = source[start..end];
            start = end;
        }

        return pieces;
    }
}
