using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>What the directory says of a key. The directory's row is the only source of it, never a snapshot.</summary>
[GenerateSerializer, Immutable, Alias("Relay.KeySettings")]
public sealed record KeySettings
{
    /// <summary>The public id, as <see cref="KeyId"/>.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>A name for people, 1 to 128 characters.</summary>
    [Id(1)] public required string Name { get; init; }

    /// <summary>The id of the user to whom the key belongs, 1 to 128 characters.</summary>
    [Id(2)] public required string User { get; init; }

    /// <summary>The SHA-256 of the whole key.</summary>
    [Id(4)] public required KeyHash Hash { get; init; }

    /// <summary>The key's start and last four characters, for people to recognise it by.</summary>
    [Id(5)] public required string Hint { get; init; }

    /// <summary>Patterns of the models that the key may call (<see cref="ModelPattern"/>); empty allows all.</summary>
    [Id(6)] public ImmutableArray<string> Models { get; init; } = [];

    /// <summary>The key's own limits; empty means that nothing is limited.</summary>
    [Id(7)] public ImmutableArray<Limit> Limits { get; init; } = [];

    /// <summary>When the key was made.</summary>
    [Id(8)] public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on the key is refused, or null.</summary>
    [Id(9)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the key was revoked, or null.</summary>
    [Id(10)] public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The secret before the last rotation, or null. It is good beside <see cref="Hash"/> until its time has passed.</summary>
    [Id(11)] public PreviousSecret? Previous { get; init; }

    /// <summary>Whether a secret is the key's at an instant. Each comparison is in constant time.</summary>
    public bool Takes(KeyHash hash, DateTimeOffset now)
    {
        var isPrevious = Previous is { } previous && previous.Hash == hash && now < previous.Until;
        return Hash == hash || isPrevious;
    }

    /// <summary>The key's status at an instant; a revocation outranks an expiry.</summary>
    public KeyStatus StatusAt(DateTimeOffset now) =>
        RevokedAt is not null ? KeyStatus.Revoked
        : ExpiresAt <= now ? KeyStatus.Expired
        : KeyStatus.Active;
}
