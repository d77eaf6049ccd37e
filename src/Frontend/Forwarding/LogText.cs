namespace Relay.Frontend.Forwarding;

/// <summary>Makes text from people fit for a line of <c>name=value</c> pairs.</summary>
internal static class LogText
{
    /// <summary>The text as it is, or in quotes with quotes and backslashes escaped where it could be taken for more than one value.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && !text.AsSpan().ContainsAny(" =\"\\")
            ? text
            : $"\"{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
