using System.IO.Enumeration;

namespace Relay.Grains.Quotas;

/// <summary>A model name in which <c>*</c> stands for any characters, none included; upper and lower case differ.</summary>
public static class ModelPattern
{
    /// <summary>Whether a model's name has the pattern's form.</summary>
    public static bool Matches(string pattern, string model) =>
        // MatchesSimpleExpression knows '?' and '\' too; a model pattern does not.
        FileSystemName.MatchesSimpleExpression(Escape(pattern), model, ignoreCase: false);

    /// <summary>Whether a list of patterns allows a model; an empty one allows all.</summary>
    public static bool Allow(ImmutableArray<string> patterns, string model)
    {
        foreach (var pattern in patterns)
        {
            if (Matches(pattern, model))
            {
                return true;
            }
        }

        return patterns.IsEmpty;
    }

    private static string Escape(string pattern) =>
        pattern.AsSpan().ContainsAny('?', '\\')
            ? pattern.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("?", @"\?", StringComparison.Ordinal)
            : pattern;
}
