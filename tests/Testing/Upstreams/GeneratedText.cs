namespace Relay.Testing.Upstreams;

/// <summary>What the fake model says: the same words again and again, some of more than one byte a character.</summary>
internal static class GeneratedText
{
    private static readonly string[] Words =
        ["The", " sea", " is", " blå", ",", " the", " wind", " is", " 强", ",", " and", " nobody", " hurries", " 🐢", "."];

    /// <summary>The text of a token, counted from 0.</summary>
    public static string Token(int number) => Words[number % Words.Length];

    /// <summary>The text of that many tokens.</summary>
    public static string Text(int tokens) => string.Concat(Enumerable.Range(0, tokens).Select(Token));
}
