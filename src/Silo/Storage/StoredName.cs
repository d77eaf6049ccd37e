using System.Collections.Frozen;
using System.Text.Json;

namespace Relay.Silo.Storage;

/// <summary>
/// The names of an enum's values in the database, such as <c>client_closed</c>: numbers would mean nothing to who reads the
/// tables.
/// </summary>
internal static class StoredName<TEnum>
    where TEnum : struct, Enum
{
    private static readonly FrozenDictionary<TEnum, string> Names = Enum.GetValues<TEnum>()
        .ToFrozenDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

    private static readonly FrozenDictionary<string, TEnum> Values =
        Names.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>The value's name.</summary>
    public static string Of(TEnum value) => Names[value];

    /// <summary>The value of a name.</summary>
    /// <exception cref="InvalidDataException">This version knows no such name.</exception>
    public static TEnum Parse(string name) => Values.TryGetValue(name, out var value)
        ? value
        : throw new InvalidDataException($"The database holds '{name}', which is no {typeof(TEnum).Name} of this version.");
}
