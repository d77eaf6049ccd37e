using Relay.Grains.Accounts;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A team, as the admin API shows it.</summary>
internal sealed record TeamBody
{
    /// <summary>The team's id, which never changes.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>team</c>.</summary>
    public string Object { get; } = "team";

    /// <summary>A name for people; null while nobody gave one.</summary>
    public required string? Name { get; init; }

    /// <summary><c>active</c> or <c>suspended</c>.</summary>
    public required AccountStatus Status { get; init; }

    /// <summary>The limits of all the team's users together; empty when nothing is limited.</summary>
    public required IReadOnlyList<LimitBody> Limits { get; init; }

    /// <summary>When the team was made, in unix seconds.</summary>
    public required long CreatedAt { get; init; }

    public static TeamBody From(Account account) => new()
    {
        Id = account.Id,
        Name = account.Name,
        Status = account.SuspendedAt is null ? AccountStatus.Active : AccountStatus.Suspended,
        Limits = [.. account.Limits.Select(LimitBody.From)],
        CreatedAt = account.CreatedAt.ToUnixTimeSeconds(),
    };
}
