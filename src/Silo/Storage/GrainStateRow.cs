using LinqToDB.Mapping;

namespace Relay.Silo.Storage;

/// <summary>A row of <c>grain_state</c>.</summary>
[Table("grain_state")]
internal sealed class GrainStateRow
{
    [Column("state_name"), PrimaryKey(1), NotNull] public required string StateName { get; init; }

    [Column("grain_id"), PrimaryKey(2), NotNull] public required string GrainId { get; init; }

    [Column("etag"), NotNull] public required string ETag { get; init; }

    [Column("payload"), NotNull] public required byte[] Payload { get; init; }
}
