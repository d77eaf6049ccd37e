using Relay.Grains.Accounts;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A user, as the admin API shows it.</summary>
internal sealed record UserBody
{
    /// <summary>The user's id, which never changes: what keys have as their <c>user</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>user</c>.</summary>
    public string Object { get; } = "user";

    /// <summary>A name for people; null while nobody gave one.</summary>
    public required string? Name { get; init; }

    /// <summary>The id of the user's team; null for none.</summary>
    public required string? Team { get; init; }

    /// <summary><c>active</c> or <c>suspended</c>.</summary>
    public required AccountStatus Status { get; init; }

    /// <summary>The limits of all the user's keys together; empty when nothing is limited.</summary>
    public required IReadOnlyList<LimitBody> Limits { get; init; }

    /// <summary>When the user was made, in unix seconds.</summary>
    public required long CreatedAt { get; init; }

    public static UserBody From(Account account) => new()
    {
        Id = account.Id,
        Name = account.Name,
        Team = account.Team,
        Status = account.SuspendedAt is null ? AccountStatus.Active : AccountStatus.Suspended,
        Limits = [.. account.Limits.Select(LimitBody.From)],
        CreatedAt = account.CreatedAt.ToUnixTimeSeconds(),
    };
}
