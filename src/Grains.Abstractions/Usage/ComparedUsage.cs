using Relay.Grains.Quotas;

namespace Relay.Grains.Usage;

/// <summary>One side of a comparison. What was not compared is null.</summary>
[GenerateSerializer, Immutable, Alias("Relay.ComparedUsage")]
public sealed record ComparedUsage
{
    /// <summary>A sum: of the key up to <see cref="LastSequence"/>, or of the hour.</summary>
    [Id(0)] public UsageTotals? Totals { get; init; }

    /// <summary>The start of the first hour that differs; also null for all hours of which entries were dropped, together.</summary>
    [Id(1)] public DateTimeOffset? Hour { get; init; }

    /// <summary>The oldest sequence; 0 without any.</summary>
    [Id(2)] public long? FirstSequence { get; init; }

    /// <summary>The newest sequence; 0 without any.</summary>
    [Id(3)] public long? LastSequence { get; init; }

    /// <summary>How many entries there are between the two.</summary>
    [Id(4)] public long? Entries { get; init; }

    /// <summary>The window of which <see cref="Totals"/> are.</summary>
    [Id(5)] public Window? Window { get; init; }

    /// <summary>The requested model of which they are; null for all together.</summary>
    [Id(6)] public string? Model { get; init; }
}
