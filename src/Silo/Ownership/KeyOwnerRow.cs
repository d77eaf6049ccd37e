using LinqToDB.Mapping;

namespace Relay.Silo.Ownership;

/// <summary>A row of <c>key_owners</c>.</summary>
[Table("key_owners")]
internal sealed class KeyOwnerRow
{
    [Column("key_id"), PrimaryKey, NotNull] public required string KeyId { get; init; }

    [Column("silo_id"), NotNull] public required string SiloId { get; init; }

    [Column("epoch")] public required long Epoch { get; init; }

    /// <summary>1 once the owner has stopped, else 0.</summary>
    [Column("released")] public required int Released { get; init; }

    /// <summary>The holds that it handed over, a JSON array; null when it did not know them.</summary>
    [Column("holds"), Nullable] public string? Holds { get; init; }
}
