using Relay.Grains.Keys;

namespace Relay.Grains.Admission;

/// <summary>Asks a key's grain to admit one call.</summary>
[GenerateSerializer, Immutable, Alias("Relay.ReserveRequest")]
public sealed record ReserveRequest
{
    /// <summary>Relay's own id of the call, a version 7 UUID: every later message about the call carries it.</summary>
    [Id(0)] public required Guid RequestId { get; init; }

    /// <summary>The SHA-256 of the caller's key.</summary>
    [Id(1)] public required KeyHash KeyHash { get; init; }

    /// <summary>The endpoint's canonical path, such as <c>/v1/chat/completions</c>.</summary>
    [Id(2)] public required string Endpoint { get; init; }

    /// <summary>The requested model as the client wrote it, but cleaned of control characters and cut to 256 characters.</summary>
    [Id(3)] public required string Model { get; init; }

    /// <summary>An estimate of the call's input tokens, 0 or more.</summary>
    [Id(4)] public required long InputTokensEstimated { get; init; }

    /// <summary>The most output tokens of one choice, as the client declared it; null when it declared none.</summary>
    [Id(5)] public long? OutputTokensMax { get; init; }

    /// <summary>How many outputs the call asks for (choices times prompts): 1 or more, or 0 where there is no output.</summary>
    [Id(6)] public int Choices { get; init; } = 1;
}
