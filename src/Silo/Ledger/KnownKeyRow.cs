using LinqToDB.Mapping;

namespace Relay.Silo.Ledger;

/// <summary>A row of <c>api_keys</c>, as far as the ledger is concerned.</summary>
[Table("api_keys")]
internal sealed class KnownKeyRow
{
    [Column("id"), PrimaryKey, NotNull] public required string Id { get; init; }
}
