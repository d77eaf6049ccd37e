namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>PUT /admin/api/users/{id}</c>: all settings of a user. What is absent has its default.</summary>
internal sealed record PutUserBody
{
    /// <summary>A name for people, 1 to 128 characters; by default none.</summary>
    public string? Name { get; init; }

    /// <summary>The id of the user's team, which must be there; by default none.</summary>
    public string? Team { get; init; }

    /// <summary><c>active</c>, the default, or <c>suspended</c>: then no call of the user's keys is admitted.</summary>
    public AccountStatus Status { get; init; }

    /// <summary>The limits of all the user's keys together, at most 50; by default the organization's <c>default_user_limits</c>, and none if empty.</summary>
    public IReadOnlyList<LimitBody>? Limits { get; init; }
}
