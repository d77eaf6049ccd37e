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

    /// <summary>The limits; null stands for a user's default ones, and else for none.</summary>
    [Id(2)] public ImmutableArray<Limit>? Limits { get; init; }

    /// <summary>Whether no key below is admitted.</summary>
    [Id(3)] public bool IsSuspended { get; init; }

    /// <summary>See <see cref="Account.DefaultKeyLimits"/>.</summary>
    [Id(4)] public ImmutableArray<Limit> DefaultKeyLimits { get; init; } = [];

    /// <summary>See <see cref="Account.DefaultUserLimits"/>.</summary>
    [Id(5)] public ImmutableArray<Limit> DefaultUserLimits { get; init; } = [];

    /// <summary>The account after it.</summary>
    /// <param name="id">Which account it is.</param>
    /// <param name="before">The account that there is, or null.</param>
    /// <param name="defaultUserLimits">The organization's <see cref="Account.DefaultUserLimits"/>.</param>
    /// <param name="now">The time of the change.</param>
    public Account ApplyTo(AccountId id, Account? before, ImmutableArray<Limit> defaultUserLimits, DateTimeOffset now) => new()
    {
        Level = id.Level,
        Id = id.Id,
        Name = Name,
        Team = id.Level == Level.User ? Team : null,
        Limits = Limits ?? (id.Level == Level.User ? defaultUserLimits : []),
        CreatedAt = before?.CreatedAt ?? now,
        SuspendedAt = IsSuspended ? before?.SuspendedAt ?? now : null,
        DefaultKeyLimits = id.Level == Level.Organization ? DefaultKeyLimits : [],
        DefaultUserLimits = id.Level == Level.Organization ? DefaultUserLimits : [],
    };
}
