using LinqToDB.Mapping;
using Relay.Grains.Accounts;
using Relay.Grains.Quotas;
using Relay.Silo.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Accounts;

/// <summary>A row of <c>accounts</c>. Times are unix milliseconds.</summary>
[Table("accounts")]
internal sealed class AccountRow
{
    private static readonly ILookup<(string Level, string Id), Limit> NoLimits = Enumerable.Empty<Limit>().ToLookup(static _ => ("", ""));

    [Column("level"), PrimaryKey(1), NotNull] public required string Level { get; init; }

    [Column("id"), PrimaryKey(2), NotNull] public required string Id { get; init; }

    [Column("name"), Nullable] public string? Name { get; init; }

    [Column("team_id"), Nullable] public string? Team { get; init; }

    [Column("created_at")] public required long CreatedAt { get; init; }

    [Column("suspended_at"), Nullable] public long? SuspendedAt { get; init; }

    /// <summary>The organization, as long as nobody has changed it.</summary>
    public static AccountRow Organization { get; } = new()
    {
        Level = LimitOwner.Of(Grains.Quotas.Level.Organization),
        Id = Account.OrganizationId,
        CreatedAt = 0,
    };

    public static AccountRow From(Account account) => new()
    {
        Level = LimitOwner.Of(account.Level),
        Id = StoredText.Clean(account.Id),
        Name = StoredText.CleanOrNull(account.Name),
        Team = StoredText.CleanOrNull(account.Team),
        CreatedAt = account.CreatedAt.ToUnixTimeMilliseconds(),
        SuspendedAt = account.SuspendedAt?.ToUnixTimeMilliseconds(),
    };

    /// <summary>The account, with those of some limits that are its own.</summary>
    /// <param name="limits">Limits in their order, by their owner's level and id.</param>
    public Account ToAccount(ILookup<(string Level, string Id), Limit> limits)
    {
        var level = StoredName<Level>.Parse(Level);
        var defaults = level == Grains.Quotas.Level.Organization ? limits : NoLimits;
        return new Account
        {
            Level = level,
            Id = Id,
            Name = Name,
            Team = Team,
            Limits = [.. limits[(Level, Id)]],
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt),
            SuspendedAt = SuspendedAt is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null,
            DefaultKeyLimits = [.. defaults[(LimitOwner.DefaultKey, Id)]],
            DefaultUserLimits = [.. defaults[(LimitOwner.DefaultUser, Id)]],
        };
    }
}
