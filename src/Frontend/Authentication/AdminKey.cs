using System.Security.Cryptography;
using System.Text;

namespace Relay.Frontend.Authentication;

/// <summary>The one key that opens the admin API. Kept as a hash only, and compared in constant time.</summary>
internal sealed class AdminKey
{
    private readonly byte[] _hash;

    public AdminKey(string secret)
    {
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
    }

    /// <summary>Whether the text is the admin key.</summary>
    public bool Matches(ReadOnlySpan<char> candidate)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(candidate)];
        Encoding.UTF8.GetBytes(candidate, bytes);
        return !candidate.IsEmpty && CryptographicOperations.FixedTimeEquals(SHA256.HashData(bytes), _hash);
    }

    /// <summary>Makes a new admin key: <c>relay-admin-</c> and 40 characters (238 bits).</summary>
    public static string Create() =>
        "relay-admin-" + RandomNumberGenerator.GetString("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 40);
}
