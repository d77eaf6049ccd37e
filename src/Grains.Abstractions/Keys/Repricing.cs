using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>Asks a key's grain to price calls anew, by the prices that it has now for the time of each.</summary>
[GenerateSerializer, Immutable, Alias("Relay.Repricing")]
public sealed record Repricing
{
    /// <summary>Calls reserved at this instant or later.</summary>
    [Id(0)] public required DateTimeOffset From { get; init; }

    /// <summary>Calls reserved before this instant.</summary>
    [Id(1)] public required DateTimeOffset To { get; init; }

    /// <summary>A <see cref="ModelPattern"/> of the requested model, or null for all.</summary>
    [Id(2)] public string? Model { get; init; }

    /// <summary>Only calls whose first entry has a higher sequence: where the answer before has ended, or 0.</summary>
    [Id(3)] public long AfterSequence { get; init; }
}
