using Relay.Grains.Usage;

namespace Relay.Grains.Admission;

/// <summary>What a call came to. Never a prompt or an answer.</summary>
[GenerateSerializer, Immutable, Alias("Relay.Settlement")]
public sealed record Settlement
{
    /// <summary>The call, as it was reserved.</summary>
    [Id(0)] public required CallFacts Call { get; init; }

    /// <summary>The tokens that the call used.</summary>
    [Id(1)] public required TokenUsage Usage { get; init; }

    /// <summary>Whether the upstream reported the tokens or Relay estimated them.</summary>
    [Id(2)] public required UsageSource Source { get; init; }

    /// <summary>How the call ended.</summary>
    [Id(3)] public required Outcome Outcome { get; init; }

    /// <summary>The HTTP status that the client got, or would have got.</summary>
    [Id(4)] public required int HttpStatus { get; init; }

    /// <summary>The model that the upstream said it used, cleaned and capped; null when it said none.</summary>
    [Id(5)] public string? ModelActual { get; init; }

    /// <summary>The upstream's configured name.</summary>
    [Id(6)] public required string Upstream { get; init; }

    /// <summary>How often the call was sent to an upstream: 1 or more.</summary>
    [Id(7)] public int Attempts { get; init; } = 1;

    /// <summary>When the frontend received the call.</summary>
    [Id(8)] public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When the upstream's first byte of body came, or null.</summary>
    [Id(9)] public DateTimeOffset? FirstByteAt { get; init; }

    /// <summary>When the call ended.</summary>
    [Id(10)] public required DateTimeOffset EndedAt { get; init; }
}
