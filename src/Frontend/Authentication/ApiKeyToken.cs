using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Relay.Grains.Keys;

namespace Relay.Frontend.Authentication;

/// <summary>
/// An API key's text: <c>sk-relay-</c>, 16 characters of public id, 40 of secret (238 bits), and 6 of a CRC-32C over all before it,
/// so that a mistyped key is refused without asking anyone. Only its SHA-256 is ever stored.
/// </summary>
internal readonly record struct ApiKeyToken(string KeyId, KeyHash Hash)
{
    private const string Prefix = "sk-relay-";
    private const int SecretLength = 40;
    private const int ChecksumLength = 6;
    private const int Length = 9 + Grains.Keys.KeyId.RandomLength + SecretLength + ChecksumLength;
    private const string IdAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> Base62Characters = SearchValues.Create(Base62);

    /// <summary>Makes a new key from the system's cryptographic generator.</summary>
    /// <param name="text">The whole key: shown once, kept nowhere.</param>
    /// <param name="hint">Its start and last four characters.</param>
    public static ApiKeyToken Create(out string text, out string hint) =>
        Create(Grains.Keys.KeyId.Prefix + RandomNumberGenerator.GetString(IdAlphabet, Grains.Keys.KeyId.RandomLength), out text, out hint);

    /// <summary>Makes a new secret for the key of that id, which must be well-formed. The rest is as for a new key.</summary>
    public static ApiKeyToken Create(string keyId, out string text, out string hint)
    {
        var body = Prefix + keyId[Grains.Keys.KeyId.Prefix.Length..] + RandomNumberGenerator.GetString(Base62, SecretLength);
        Span<char> checksum = stackalloc char[ChecksumLength];
        WriteChecksum(body, checksum);
        text = string.Concat(body, checksum);
        hint = $"{Prefix}…{text[^4..]}";
        return new ApiKeyToken(keyId, HashOf(text));
    }

    /// <summary>Reads a key's text; false when Relay cannot have issued it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ApiKeyToken token)
    {
        token = default;
        if (text.Length != Length || !text.StartsWith(Prefix))
        {
            return false;
        }

        var keyId = string.Concat(Grains.Keys.KeyId.Prefix, text.Slice(Prefix.Length, Grains.Keys.KeyId.RandomLength));
        Span<char> checksum = stackalloc char[ChecksumLength];
        WriteChecksum(text[..^ChecksumLength], checksum);
        if (!Grains.Keys.KeyId.IsWellFormed(keyId)
            || text[Prefix.Length..].ContainsAnyExcept(Base62Characters)
            || !text[^ChecksumLength..].SequenceEqual(checksum))
        {
            return false;
        }

        token = new ApiKeyToken(keyId, HashOf(text));
        return true;
    }

    private static KeyHash HashOf(ReadOnlySpan<char> text)
    {
        Span<byte> hash = stackalloc byte[KeyHash.Length];
        Span<byte> bytes = stackalloc byte[Length];
        Encoding.ASCII.GetBytes(text, bytes);
        SHA256.HashData(bytes, hash);
        return new KeyHash(hash);
    }

    private static void WriteChecksum(ReadOnlySpan<char> text, Span<char> digits)
    {
        var crc = uint.MaxValue;
        foreach (var c in text)
        {
            crc = BitOperations.Crc32C(crc, (byte)c);
        }

        for (var i = ChecksumLength - 1; i >= 0; i--)
        {
            digits[i] = Base62[(int)(crc % 62)];
            crc /= 62;
        }
    }
}
