using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>All settings of an account, in place of those that there are. It may be applied twice.</summary>
[GenerateSerializer, Immutable, Alias("Relay.AccountChange")]
public sealed record AccountChange
{
    /// <summary>A name for people, or null.</summary>
    [Id(0)] public string? Name { get; init; }

    /// <summary>The id of a user's team, or null.</summary>
    [Id(1)] public string? Team { get; init; }

    /// <summary>The limits; null for a new user means the organization's default ones, else none.</summary>
    [Id(2)] public ImmutableArray<Limit>? Limits { get; init; }

    /// <summary>Whether no key below is admitted.</summary>
    [Id(3)] public bool IsSuspended { get; init; }

    /// <summary>See <see cref="Account.DefaultKeyLimits"/>.</summary>
    [Id(4)] public ImmutableArray<Limit> DefaultKeyLimits { get; init; } = [];

    /// <summary>See <see cref="Account.DefaultUserLimits"/>.</summary>
    [Id(5)] public ImmutableArray<Limit> DefaultUserLimits { get; init; } = [];
}
