using Relay.Grains.Admission;

namespace Relay.Grains.Usage;

/// <summary>One row of the ledger: one relayed call's count, or a later correction of it.</summary>
[GenerateSerializer, Immutable, Alias("Relay.UsageEntry")]
public sealed record UsageEntry
{
    /// <summary>The key's id.</summary>
    [Id(0)] public required string KeyId { get; init; }

    /// <summary>The entry's number among the key's entries: 1, 2, 3 and so on without a gap.</summary>
    [Id(1)] public required long Sequence { get; init; }

    /// <summary>0 for a call's first entry; 1 for the difference that a settle or a release after an expiry books; 2 and more for new prices.</summary>
    [Id(2)] public required int Part { get; init; }

    /// <summary>How many calls the entry adds: 1, 0 for a correction, or -1 for that of a call which was never sent.</summary>
    [Id(3)] public required int Requests { get; init; }

    /// <summary>The user to whom the key belonged.</summary>
    [Id(4)] public required string User { get; init; }

    /// <summary>The user's team, or null.</summary>
    [Id(5)] public string? Team { get; init; }

    /// <summary>What the call came to.</summary>
    [Id(6)] public required Settlement Settlement { get; init; }

    /// <summary>What the entry adds to the cost; null when that is not known.</summary>
    [Id(7)] public NanoUsd? Cost { get; init; }

    /// <summary>How many calls with a known cost the entry adds: as <see cref="Requests"/>, or 0 while the cost is not known; 1 or -1 for a correction that changes that.</summary>
    [Id(8)] public int PricedRequests { get; init; }

    /// <summary>What the entry adds to a sum.</summary>
    public UsageTotals Totals => new(Requests, Settlement.Usage) { PricedCost = Cost ?? default, PricedRequests = PricedRequests };
}
