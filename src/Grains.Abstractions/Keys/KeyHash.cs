using System.Buffers.Binary;

namespace Relay.Grains.Keys;

/// <summary>The SHA-256 of a whole API key: all that Relay stores of it. Compared in constant time.</summary>
[GenerateSerializer, Immutable, Alias("Relay.KeyHash")]
public readonly struct KeyHash : IEquatable<KeyHash>
{
    /// <summary>The hash's length in bytes.</summary>
    public const int Length = 32;

    [Id(0)] private readonly ulong _a;
    [Id(1)] private readonly ulong _b;
    [Id(2)] private readonly ulong _c;
    [Id(3)] private readonly ulong _d;

    /// <summary>Takes the 32 bytes of a SHA-256.</summary>
    /// <exception cref="ArgumentException">There are not 32 bytes.</exception>
    public KeyHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"A key hash has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>The 32 bytes, for the directory's column.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _a);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), _b);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), _c);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), _d);
        return bytes;
    }

    /// <summary>Compares without a branch on the contents, so that timing tells nothing.</summary>
    public bool Equals(KeyHash other) => ((_a ^ other._a) | (_b ^ other._b) | (_c ^ other._c) | (_d ^ other._d)) == 0;

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is KeyHash other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(_a, _b);

    /// <summary>Compares as <see cref="Equals(KeyHash)"/>.</summary>
    public static bool operator ==(KeyHash left, KeyHash right) => left.Equals(right);

    /// <summary>Compares as <see cref="Equals(KeyHash)"/>.</summary>
    public static bool operator !=(KeyHash left, KeyHash right) => !left.Equals(right);
}
