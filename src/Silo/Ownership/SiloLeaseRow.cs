using LinqToDB.Mapping;

namespace Relay.Silo.Ownership;

/// <summary>A row of <c>silo_leases</c>.</summary>
[Table("silo_leases")]
internal sealed class SiloLeaseRow
{
    [Column("silo_id"), PrimaryKey, NotNull] public required string SiloId { get; init; }

    [Column("renewed_at")] public required long RenewedAt { get; init; }

    /// <summary>How often the silo has begun a lease: a forgotten one is never taken for its successor.</summary>
    [Column("generation")] public required long Generation { get; init; }
}
