using System.Collections.Immutable;
using System.Text.Json;
using LinqToDB;
using LinqToDB.Mapping;
using Relay.Grains.Keys;
using Relay.Silo.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Keys;

/// <summary>A row of <c>api_keys</c>. Times are unix milliseconds; the models are a JSON array.</summary>
[Table("api_keys")]
internal sealed class KeyRow
{
    [Column("id"), PrimaryKey, NotNull] public required string Id { get; init; }

    [Column("name"), NotNull] public required string Name { get; init; }

    [Column("user_id"), NotNull] public required string User { get; init; }

    [Column("hash"), NotNull] public required byte[] Hash { get; init; }

    [Column("hint"), NotNull] public required string Hint { get; init; }

    [Column("models"), NotNull] public required string Models { get; init; }

    [Column("created_at")] public required long CreatedAt { get; init; }

    [Column("expires_at"), Nullable] public long? ExpiresAt { get; init; }

    [Column("revoked_at"), Nullable] public long? RevokedAt { get; init; }

    [Column("previous_hash", DataType = DataType.VarBinary), Nullable] public byte[]? PreviousHash { get; init; }

    [Column("previous_hash_until"), Nullable] public long? PreviousHashUntil { get; init; }

    public static KeyRow From(KeySettings settings) => new()
    {
        Id = settings.Id,
        Name = StoredText.Clean(settings.Name),
        User = StoredText.Clean(settings.User),
        Hash = settings.Hash.ToArray(),
        Hint = StoredText.Clean(settings.Hint),
        Models = JsonSerializer.Serialize(settings.Models.Select(StoredText.Clean)),
        CreatedAt = settings.CreatedAt.ToUnixTimeMilliseconds(),
        ExpiresAt = settings.ExpiresAt?.ToUnixTimeMilliseconds(),
        RevokedAt = settings.RevokedAt?.ToUnixTimeMilliseconds(),
        PreviousHash = settings.Previous?.Hash.ToArray(),
        PreviousHashUntil = settings.Previous?.Until.ToUnixTimeMilliseconds(),
    };

    public KeySettings ToSettings(IEnumerable<LimitRow> limits) => new()
    {
        Id = Id,
        Name = Name,
        User = User,
        Hash = new KeyHash(Hash),
        Hint = Hint,
        Models = JsonSerializer.Deserialize<ImmutableArray<string>>(Models),
        Limits = [.. limits.Select(limit => limit.ToLimit())],
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt),
        ExpiresAt = FromMs(ExpiresAt),
        RevokedAt = FromMs(RevokedAt),
        Previous = PreviousHash is { } hash && FromMs(PreviousHashUntil) is { } until ? new PreviousSecret(new KeyHash(hash), until) : null,
    };

    private static DateTimeOffset? FromMs(long? ms) => ms is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
