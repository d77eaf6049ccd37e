using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>What the directory says of a user, a team or the organization.</summary>
[GenerateSerializer, Immutable, Alias("Relay.Account")]
public sealed record Account
{
    /// <summary>The id of the one organization.</summary>
    public const string OrganizationId = "organization";

    /// <summary>Which of the three it is; never <see cref="Level.Key"/>.</summary>
    [Id(0)] public required Level Level { get; init; }

    /// <summary>The id, 1 to 128 characters; the organization's is <see cref="OrganizationId"/>.</summary>
    [Id(1)] public required string Id { get; init; }

    /// <summary>A name for people, 1 to 128 characters; null while nobody gave one.</summary>
    [Id(2)] public string? Name { get; init; }

    /// <summary>The id of a user's team, or null.</summary>
    [Id(3)] public string? Team { get; init; }

    /// <summary>The limits that hold for all keys below together; empty means that nothing is limited here.</summary>
    [Id(4)] public ImmutableArray<Limit> Limits { get; init; } = [];

    /// <summary>When it was made.</summary>
    [Id(5)] public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Since when no key below is admitted, or null.</summary>
    [Id(6)] public DateTimeOffset? SuspendedAt { get; init; }

    /// <summary>The organization's: the limits of a key that is made without any.</summary>
    [Id(7)] public ImmutableArray<Limit> DefaultKeyLimits { get; init; } = [];

    /// <summary>The organization's: the limits of a user that is made without any.</summary>
    [Id(8)] public ImmutableArray<Limit> DefaultUserLimits { get; init; } = [];
}
