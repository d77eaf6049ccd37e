namespace Relay.Grains.Quotas;

/// <summary>A quota: so much of a metric in a window.</summary>
/// <param name="Metric">What is counted.</param>
/// <param name="Window">When the count begins anew.</param>
/// <param name="Amount">The most that is admitted, 0 or more, in requests, tokens, calls in flight or billionths of a US dollar.</param>
/// <param name="Model">A <see cref="ModelPattern"/> that narrows the limit to some models, or null for all.</param>
/// <param name="Enforcement">What it does to calls.</param>
[GenerateSerializer, Immutable, Alias("Relay.Limit")]
public sealed record Limit(
    [property: Id(0)] Metric Metric,
    [property: Id(1)] Window Window,
    [property: Id(2)] long Amount,
    [property: Id(3)] string? Model = null,
    [property: Id(4)] Enforcement Enforcement = Enforcement.Soft);
