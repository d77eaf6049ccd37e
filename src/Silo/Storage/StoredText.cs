using System.Text;

namespace Relay.Silo.Storage;

/// <summary>Text as every database takes it. Applied to what is written and to what is looked for, so that both stay equal.</summary>
internal static class StoredText
{
    /// <summary>The most UTF-16 characters of a text, as SQL Server's columns have them.</summary>
    public const int CharactersMax = 256;

    /// <summary>
    /// Replaces what PostgreSQL refuses in text by U+FFFD: U+0000, and halves of surrogate pairs. Cuts what is longer than
    /// <see cref="CharactersMax"/>, never within a pair. Takes spaces off the end, which SQL Server does not see in comparing.
    /// </summary>
    public static string Clean(string text)
    {
        // Nearly every text: six of them go into each entry of the ledger.
        if (text.Length <= CharactersMax && !text.Contains('\0', StringComparison.Ordinal) && !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text.TrimEnd(' ');
        }

        var cut = text.AsSpan(0, Math.Min(text.Length, CharactersMax));
        if (cut.Length < text.Length && char.IsSurrogatePair(cut[^1], text[cut.Length]))
        {
            cut = cut[..^1];
        }

        var clean = new StringBuilder(cut.Length);
        foreach (var rune in cut.EnumerateRunes())
        {
            // The enumeration gives U+FFFD for a half already.
            clean.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return clean.ToString().TrimEnd(' ');
    }

    /// <summary>As <see cref="Clean"/>, for text that may be missing.</summary>
    public static string? CleanOrNull(string? text) => text is null ? null : Clean(text);
}
