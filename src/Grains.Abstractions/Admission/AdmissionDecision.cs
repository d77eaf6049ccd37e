namespace Relay.Grains.Admission;

/// <summary>The answer to a reserve: either a hold was made, or <see cref="Refusal"/> says why not and nothing is held.</summary>
[GenerateSerializer, Immutable, Alias("Relay.AdmissionDecision")]
public sealed record AdmissionDecision
{
    /// <summary>Null when the call is admitted.</summary>
    [Id(0)] public Refusal? Refusal { get; init; }

    /// <summary>The key's user; null only when the key or its secret is unknown.</summary>
    [Id(1)] public string? User { get; init; }

    /// <summary>When the hold was made, by the silo's clock: it decides to which windows the call belongs. The settle carries it back.</summary>
    [Id(2)] public DateTimeOffset ReservedAt { get; init; }

    /// <summary>The output tokens that are held, over all choices.</summary>
    [Id(3)] public long OutputTokensHeld { get; init; }

    /// <summary>The limit of requests that the rate-limit headers show, or null.</summary>
    [Id(4)] public RateLimitStatus? Requests { get; init; }

    /// <summary>The limit of tokens that the rate-limit headers show, or null.</summary>
    [Id(5)] public RateLimitStatus? Tokens { get; init; }

    /// <summary>To how many tokens the output of each choice must be capped upstream, 0 or more; null when the request may go as it is.</summary>
    [Id(6)] public long? OutputTokensCap { get; init; }

    /// <summary>The team of <see cref="User"/>, or null.</summary>
    [Id(7)] public string? Team { get; init; }
}
