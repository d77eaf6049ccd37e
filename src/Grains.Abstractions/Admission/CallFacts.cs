namespace Relay.Grains.Admission;

/// <summary>What is known of a call from its reserve on, and what its usage entry repeats.</summary>
[GenerateSerializer, Immutable, Alias("Relay.CallFacts")]
public sealed record CallFacts
{
    /// <summary>Relay's own id of the call.</summary>
    [Id(0)] public required Guid RequestId { get; init; }

    /// <summary>When the hold was made, by the silo's clock.</summary>
    [Id(1)] public required DateTimeOffset ReservedAt { get; init; }

    /// <summary>The endpoint's canonical path.</summary>
    [Id(2)] public required string Endpoint { get; init; }

    /// <summary>The requested model, cleaned and capped as in <see cref="ReserveRequest.Model"/>.</summary>
    [Id(3)] public required string Model { get; init; }

    /// <summary>The input tokens that are held.</summary>
    [Id(4)] public required long InputTokensHeld { get; init; }

    /// <summary>The output tokens that are held, over all choices.</summary>
    [Id(5)] public required long OutputTokensHeld { get; init; }

    /// <summary>How many outputs the call asks for.</summary>
    [Id(6)] public int Choices { get; init; } = 1;

    /// <summary>The user to whom the key belonged; null from a frontend of before this was told.</summary>
    [Id(7)] public string? User { get; init; }

    /// <summary>The user's team at that time, or null.</summary>
    [Id(8)] public string? Team { get; init; }
}
