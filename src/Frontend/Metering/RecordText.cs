namespace Relay.Frontend.Metering;

/// <summary>Makes text from clients and upstreams fit for logs and the ledger.</summary>
internal static class RecordText
{
    private const int CharactersMax = 256;

    /// <summary>The text without control characters and broken surrogates, cut to 256 characters.</summary>
    public static string Clean(string text)
    {
        var clean = true;
        foreach (var c in text)
        {
            clean &= !IsUnfit(c);
        }

        if (clean && text.Length <= CharactersMax)
        {
            return text;
        }

        return string.Create(Math.Min(text.Length, CharactersMax), text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = IsUnfit(source[i]) ? '\uFFFD' : source[i];
            }
        });
    }

    // Surrogates are unfit too: a cut could halve one, and no model's name has any.
    private static bool IsUnfit(char c) => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029';
}
