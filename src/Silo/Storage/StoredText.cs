namespace Relay.Silo.Storage;

/// <summary>Text as the databases take it.</summary>
internal static class StoredText
{
    /// <summary>
    /// Replaces U+0000 by U+FFFD: PostgreSQL refuses it in text, and SQLite's text functions stop at it. Applied to what is
    /// written and to what is looked for, so that both stay equal.
    /// </summary>
    public static string Clean(string text) => text.Replace('\0', '\uFFFD');

    /// <summary>As <see cref="Clean"/>, for text that may be missing.</summary>
    public static string? CleanOrNull(string? text) => text is null ? null : Clean(text);
}
