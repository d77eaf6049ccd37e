using LinqToDB.Mapping;
using Relay.Grains.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Quotas;

/// <summary>A row of <c>limits</c>.</summary>
[Table("limits")]
internal sealed class LimitRow
{
    /// <summary>One of <see cref="LimitOwner"/>.</summary>
    [Column("owner_level"), PrimaryKey(1), NotNull] public required string OwnerLevel { get; init; }

    [Column("owner_id"), PrimaryKey(2), NotNull] public required string OwnerId { get; init; }

    [Column("ordinal"), PrimaryKey(3)] public required int Ordinal { get; init; }

    [Column("metric"), NotNull] public required string Metric { get; init; }

    [Column("window"), NotNull] public required string Window { get; init; }

    [Column("amount")] public required long Amount { get; init; }

    [Column("model"), Nullable] public string? Model { get; init; }

    /// <summary>Null, as in rows of before it was there, is <see cref="Grains.Quotas.Enforcement.Soft"/>.</summary>
    [Column("enforcement"), Nullable] public string? Enforcement { get; init; }

    public static LimitRow From(Limit limit, string ownerLevel, string ownerId, int ordinal) => new()
    {
        OwnerLevel = ownerLevel,
        OwnerId = ownerId,
        Ordinal = ordinal,
        Metric = StoredName<Metric>.Of(limit.Metric),
        Window = StoredName<Window>.Of(limit.Window),
        Amount = limit.Amount,
        Model = StoredText.CleanOrNull(limit.Model),
        Enforcement = limit.Enforcement == Grains.Quotas.Enforcement.Soft ? null : StoredName<Enforcement>.Of(limit.Enforcement),
    };

    public Limit ToLimit() => new(
        StoredName<Metric>.Parse(Metric),
        StoredName<Window>.Parse(Window),
        Amount,
        Model,
        Enforcement is { } enforcement ? StoredName<Enforcement>.Parse(enforcement) : Grains.Quotas.Enforcement.Soft);
}
