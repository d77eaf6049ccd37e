namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>PATCH /admin/api/keys/{id}</c>: a merge patch (RFC 7386). What is absent stays; null clears.</summary>
internal sealed record PatchKeyBody
{
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    /// <summary>A name for people, 1 to 128 characters; null gives the key its user's.</summary>
    public string? Name { get; init => field = Given(value, nameof(Name)); }

    /// <summary>Whose key it is from now on, 1 to 128 characters. It cannot be cleared.</summary>
    public string? User { get; init => field = Given(value, nameof(User)); }

    /// <summary>All patterns of the models that the key may call, at most 100; empty or null allows all.</summary>
    public IReadOnlyList<string>? Models { get; init => field = Given(value, nameof(Models)); }

    /// <summary>From when on the key is refused, in unix seconds; null for never.</summary>
    public long? ExpiresAt { get; init => field = Given(value, nameof(ExpiresAt)); }

    /// <summary>All the key's limits, at most 50; empty or null for none.</summary>
    public IReadOnlyList<LimitBody>? Limits { get; init => field = Given(value, nameof(Limits)); }

    /// <summary>Whether the body has that member, be it null.</summary>
    public bool Has(string property) => _given.Contains(property);

    private T Given<T>(T value, string property)
    {
        _given.Add(property);
        return value;
    }
}
