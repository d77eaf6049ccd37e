using Relay.Grains.Accounts;
using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>Names a limit of an account, whatever its amount.</summary>
/// <param name="Account">Whose limit it is.</param>
/// <param name="Metric">What is counted.</param>
/// <param name="Window">When the count begins anew; <see cref="Window.Total"/> for <see cref="Metric.Concurrency"/>.</param>
/// <param name="Model">The pattern of the models that count, or null for all.</param>
/// <param name="Enforcement">What it does to calls.</param>
[GenerateSerializer, Immutable, Alias("Relay.LimitKey")]
public readonly record struct LimitKey(
    [property: Id(0)] AccountId Account,
    [property: Id(1)] Metric Metric,
    [property: Id(2)] Window Window,
    [property: Id(3)] string? Model,
    [property: Id(4)] Enforcement Enforcement)
{
    /// <summary>The name of an account's limit.</summary>
    public static LimitKey Of(AccountId account, Limit limit) => new(
        account, limit.Metric, limit.Metric == Metric.Concurrency ? Window.Total : limit.Window, limit.Model, limit.Enforcement);
}
