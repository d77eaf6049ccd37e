using LinqToDB.Mapping;

namespace Relay.Silo.Ledger;

/// <summary>A row of <c>usage_positions</c>: which of a key's entries are in the hourly sums. Every key with an entry has one.</summary>
[Table("usage_positions")]
internal sealed class UsagePositionRow
{
    [Column("key_id"), PrimaryKey, NotNull] public required string KeyId { get; init; }

    /// <summary>The newest sequence in the hourly sums; 0 for none.</summary>
    [Column("rolled_up_sequence")] public required long RolledUpSequence { get; init; }
}
