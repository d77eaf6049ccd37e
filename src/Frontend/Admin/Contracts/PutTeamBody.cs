namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>PUT /admin/api/teams/{id}</c>: all settings of a team. What is absent has its default.</summary>
internal sealed record PutTeamBody
{
    /// <summary>A name for people, 1 to 128 characters; by default none.</summary>
    public string? Name { get; init; }

    /// <summary><c>active</c>, the default, or <c>suspended</c>: then no call of the team's users is admitted.</summary>
    public AccountStatus Status { get; init; }

    /// <summary>The limits of all the team's users together, at most 50; by default none.</summary>
    public IReadOnlyList<LimitBody>? Limits { get; init; }
}
