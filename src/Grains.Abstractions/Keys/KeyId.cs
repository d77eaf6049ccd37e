using System.Buffers;

namespace Relay.Grains.Keys;

/// <summary>The public id of a key: <c>key_</c> and 16 characters of <c>0-9a-z</c>; it may be shown and logged.</summary>
public static class KeyId
{
    /// <summary>What every key's id begins with.</summary>
    public const string Prefix = "key_";

    /// <summary>The number of characters after <see cref="Prefix"/>.</summary>
    public const int RandomLength = 16;

    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz");

    /// <summary>The grain key of a key id. Its prefix is no hex digit: Orleans' SQL storage would take hex text for a number.</summary>
    public static string ToGrainKey(string keyId) => "k:" + keyId;

    /// <summary>The key id of a grain key made by <see cref="ToGrainKey"/>.</summary>
    public static string FromGrainKey(string grainKey) => grainKey["k:".Length..];

    /// <summary>Whether the text has the form of a key id, so that it may name a grain.</summary>
    public static bool IsWellFormed(string? text) =>
        text is { Length: 20 }
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && !text.AsSpan(Prefix.Length).ContainsAnyExcept(Characters);
}
