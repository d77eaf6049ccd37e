using Relay.Grains.Accounts;
using Relay.Grains.Quotas;

namespace Relay.Grains.Admission;

/// <summary>Why a call was not admitted.</summary>
[GenerateSerializer, Immutable, Alias("Relay.Refusal")]
public sealed record Refusal
{
    /// <summary>The kind of refusal.</summary>
    [Id(0)] public required RefusalKind Kind { get; init; }

    /// <summary>The limit that refused and its state, when <see cref="Kind"/> is <see cref="RefusalKind.LimitReached"/>.</summary>
    [Id(1)] public LimitUsage? Limit { get; init; }

    /// <summary>How much of that limit's metric the call asked for.</summary>
    [Id(3)] public long Needed { get; init; }

    /// <summary>How long until that limit's window begins anew, or until a new owner may admit; null when it never does or nobody knows.</summary>
    [Id(4)] public TimeSpan? RetryAfter { get; init; }

    /// <summary>The account whose limit refused or that is suspended; null when that limit is the key's own.</summary>
    [Id(5)] public AccountId? Account { get; init; }
}
