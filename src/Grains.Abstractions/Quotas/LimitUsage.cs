namespace Relay.Grains.Quotas;

/// <summary>A limit's state at an instant.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Used">What is settled in the current window, in the limit's unit; may pass the amount.</param>
/// <param name="Held">What calls in flight hold.</param>
/// <param name="Remaining">What a new call may still take: never below 0.</param>
/// <param name="ResetsAt">When the window ends; null for <see cref="Window.Total"/> and <see cref="Metric.Concurrency"/>.</param>
[GenerateSerializer, Immutable, Alias("Relay.LimitUsage")]
public sealed record LimitUsage(
    [property: Id(0)] Limit Limit,
    [property: Id(1)] long Used,
    [property: Id(2)] long Held,
    [property: Id(3)] long Remaining,
    [property: Id(4)] DateTimeOffset? ResetsAt)
{
    /// <summary>How many calls a limit that only observes would have refused in this window, since the key's grain was last activated.</summary>
    [Id(5)] public long WouldRefuse { get; init; }
}
