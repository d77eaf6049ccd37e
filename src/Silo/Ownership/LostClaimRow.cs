using LinqToDB.Mapping;

namespace Relay.Silo.Ownership;

/// <summary>A row of <c>lost_claims</c>.</summary>
[Table("lost_claims")]
internal sealed class LostClaimRow
{
    [Column("silo_id"), PrimaryKey(1), NotNull] public required string SiloId { get; init; }

    [Column("key_id"), PrimaryKey(2), NotNull] public required string KeyId { get; init; }

    [Column("epoch"), PrimaryKey(3)] public required long Epoch { get; init; }
}
