namespace Relay.Grains.Usage;

/// <summary>Asks for sums over the ledger.</summary>
[GenerateSerializer, Immutable, Alias("Relay.UsageQuery")]
public sealed record UsageQuery
{
    /// <summary>Calls reserved at this instant or later; null for all.</summary>
    [Id(0)] public DateTimeOffset? From { get; init; }

    /// <summary>Calls reserved before this instant; null for all.</summary>
    [Id(1)] public DateTimeOffset? To { get; init; }

    /// <summary>Only this user's calls; null for everyone's.</summary>
    [Id(2)] public string? User { get; init; }

    /// <summary>One sum for each value of this; null for one sum over all.</summary>
    [Id(3)] public UsageGroup? GroupBy { get; init; }

    /// <summary>Only this team's calls; null for everyone's.</summary>
    [Id(4)] public string? Team { get; init; }

    /// <summary>Only calls of these requested models; null for all.</summary>
    [Id(5)] public ImmutableArray<string>? Models { get; init; }
}
