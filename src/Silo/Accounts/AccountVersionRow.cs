using LinqToDB.Mapping;

namespace Relay.Silo.Accounts;

/// <summary>The one row of <c>account_versions</c>.</summary>
[Table("account_versions")]
internal sealed class AccountVersionRow
{
    [Column("id"), PrimaryKey] public required int Id { get; init; }

    /// <summary>How often accounts were changed.</summary>
    [Column("version")] public required long Version { get; init; }
}
