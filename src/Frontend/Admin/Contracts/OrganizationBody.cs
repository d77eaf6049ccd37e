using Relay.Grains.Accounts;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>The organization, as the admin API shows it.</summary>
internal sealed record OrganizationBody
{
    /// <summary>Always <c>organization</c>.</summary>
    public string Id { get; } = Account.OrganizationId;

    /// <summary>Always <c>organization</c>.</summary>
    public string Object { get; } = "organization";

    /// <summary>A name for people; null while nobody gave one.</summary>
    public required string? Name { get; init; }

    /// <summary><c>active</c> or <c>suspended</c>.</summary>
    public required AccountStatus Status { get; init; }

    /// <summary>The limits of all keys together; empty when nothing is limited.</summary>
    public required IReadOnlyList<LimitBody> Limits { get; init; }

    /// <summary>The limits of a key that is made without any.</summary>
    public required IReadOnlyList<LimitBody> DefaultKeyLimits { get; init; }

    /// <summary>The limits of a user that is made without any.</summary>
    public required IReadOnlyList<LimitBody> DefaultUserLimits { get; init; }

    public static OrganizationBody From(Account account) => new()
    {
        Name = account.Name,
        Status = account.SuspendedAt is null ? AccountStatus.Active : AccountStatus.Suspended,
        Limits = [.. account.Limits.Select(LimitBody.From)],
        DefaultKeyLimits = [.. account.DefaultKeyLimits.Select(LimitBody.From)],
        DefaultUserLimits = [.. account.DefaultUserLimits.Select(LimitBody.From)],
    };
}
