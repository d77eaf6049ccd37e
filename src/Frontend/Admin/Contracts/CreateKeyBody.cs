namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>POST /admin/api/keys</c>.</summary>
internal sealed record CreateKeyBody
{
    /// <summary>A name for people, 1 to 128 characters; by default the user's.</summary>
    public string? Name { get; init; }

    /// <summary>Whose key it is, 1 to 128 characters; by default the key's name. The user need not exist before.</summary>
    public string? User { get; init; }

    /// <summary>Patterns of the models that the key may call, at most 100; empty or absent allows all.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>From when on the key is refused, in unix seconds; absent for never.</summary>
    public long? ExpiresAt { get; init; }

    /// <summary>The key's limits, at most 50; by default the organization's <c>default_key_limits</c>, and none if empty.</summary>
    public IReadOnlyList<LimitBody>? Limits { get; init; }
}
