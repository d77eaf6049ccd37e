namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>PUT /admin/api/organization</c>: all its settings. What is absent has its default.</summary>
internal sealed record PutOrganizationBody
{
    /// <summary>A name for people, 1 to 128 characters; by default none.</summary>
    public string? Name { get; init; }

    /// <summary><c>active</c>, the default, or <c>suspended</c>: then no call of any key is admitted.</summary>
    public AccountStatus Status { get; init; }

    /// <summary>The limits of all keys together, at most 50; by default none.</summary>
    public IReadOnlyList<LimitBody>? Limits { get; init; }

    /// <summary>The limits of a key that is made without <c>limits</c>, at most 50; by default none. Keys that there are do not change.</summary>
    public IReadOnlyList<LimitBody>? DefaultKeyLimits { get; init; }

    /// <summary>The limits of a user that is made without <c>limits</c>, at most 50; by default none. Users that there are do not change.</summary>
    public IReadOnlyList<LimitBody>? DefaultUserLimits { get; init; }
}
