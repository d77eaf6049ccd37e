using LinqToDB.Mapping;

namespace Relay.Silo.Ledger;

/// <summary>
/// A row of <c>usage_positions</c>: which of a key's entries are in the hourly sums, and which are dropped. Every key with an entry
/// has one, also when all its entries are dropped.
/// </summary>
[Table("usage_positions")]
internal sealed class UsagePositionRow
{
    [Column("key_id"), PrimaryKey, NotNull] public required string KeyId { get; init; }

    /// <summary>The newest sequence in the hourly sums; 0 for none.</summary>
    [Column("rolled_up_sequence")] public required long RolledUpSequence { get; init; }

    /// <summary>The newest sequence that retention has dropped, and all before it; 0 for none. Never past the rolled-up one.</summary>
    [Column("dropped_sequence")] public long DroppedSequence { get; init; }

    /// <summary>When the latest of the dropped entries' calls was reserved, in unix milliseconds; 0 for none.</summary>
    [Column("dropped_reserved_at")] public long DroppedReservedAt { get; init; }
}
