using LinqToDB.Mapping;
using Relay.Grains.Allotments;

namespace Relay.Silo.Allotments;

/// <summary>A row of <c>allotments</c>: what a key has of a limit in a window.</summary>
[Table("allotments")]
internal sealed class AllotmentRow
{
    [Column("limit_id"), PrimaryKey(1), NotNull] public required string LimitId { get; init; }

    [Column("window_end"), PrimaryKey(2)] public required long WindowEnd { get; init; }

    [Column("key_id"), PrimaryKey(3), NotNull] public required string KeyId { get; init; }

    [Column("ceiling")] public required long Ceiling { get; init; }

    [Column("used")] public required long Used { get; init; }

    public Allotment ToAllotment() => new(KeyId, Ceiling, Used);
}
