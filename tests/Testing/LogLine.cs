using Microsoft.Extensions.Logging;

namespace Relay.Testing;

/// <summary>A line that Relay logged.</summary>
/// <param name="Category">Who logged it.</param>
/// <param name="Level">How grave it is.</param>
/// <param name="Text">The line with its exception, if it has one.</param>
/// <param name="Values">The template's values as text, by name.</param>
public sealed record LogLine(string Category, LogLevel Level, string Text, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>A value of the line, or null.</summary>
    public string? this[string name] => Values.GetValueOrDefault(name);
}
