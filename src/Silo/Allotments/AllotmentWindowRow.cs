using LinqToDB.Mapping;

namespace Relay.Silo.Allotments;

/// <summary>A row of <c>allotment_windows</c>: a limit's window over all keys.</summary>
[Table("allotment_windows")]
internal sealed class AllotmentWindowRow
{
    [Column("limit_id"), PrimaryKey(1), NotNull] public required string LimitId { get; init; }

    /// <summary>Unix milliseconds; the largest there is for never.</summary>
    [Column("window_end"), PrimaryKey(2)] public required long WindowEnd { get; init; }

    /// <summary>Whose limit it is, for who reads the table.</summary>
    [Column("account_level"), NotNull] public required string AccountLevel { get; init; }

    /// <summary>The account's id.</summary>
    [Column("account_id"), NotNull] public required string AccountId { get; init; }

    /// <summary>The sum of its keys' ceilings.</summary>
    [Column("allotted")] public required long Allotted { get; init; }

    /// <summary>The sum of what its keys have told to have used.</summary>
    [Column("used")] public required long Used { get; init; }

    /// <summary>The highest share that was told of, in percent.</summary>
    [Column("warned")] public required int Warned { get; init; }

    [Column("would_refuse")] public required long WouldRefuse { get; init; }
}
