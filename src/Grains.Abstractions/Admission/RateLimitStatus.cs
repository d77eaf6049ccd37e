namespace Relay.Grains.Admission;

/// <summary>A limit's state as the rate-limit headers show it, after the call's own hold.</summary>
/// <param name="Limit">The limit's amount.</param>
/// <param name="Remaining">What a further call may still take, 0 or more.</param>
/// <param name="ResetAfter">How long until the window begins anew; null when it never does.</param>
[GenerateSerializer, Immutable, Alias("Relay.RateLimitStatus")]
public sealed record RateLimitStatus(
    [property: Id(0)] long Limit,
    [property: Id(1)] long Remaining,
    [property: Id(2)] TimeSpan? ResetAfter);
