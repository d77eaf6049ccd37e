using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A limit, as it is set and shown.</summary>
internal sealed record LimitBody
{
    /// <summary><c>requests</c>, <c>tokens</c>, <c>input_tokens</c>, <c>output_tokens</c>, <c>cost</c> or <c>concurrency</c>.</summary>
    public Metric? Metric { get; init; }

    /// <summary><c>minute</c>, <c>hour</c>, <c>day</c>, <c>week</c>, <c>month</c> or <c>total</c>; means nothing, and may be absent, for <c>concurrency</c>.</summary>
    public Window? Window { get; init; }

    /// <summary>The most that is admitted: a whole number from 0 to 10^15, or for <c>cost</c> US dollars, from 0 to 10^9 with at most nine decimals.</summary>
    public decimal? Amount { get; init; }

    /// <summary>A pattern of the models that count, or null for all.</summary>
    public string? Model { get; init; }

    /// <summary><c>soft</c>: a call's estimate must fit, and is held while it runs; <c>hard</c>: its output is capped at what is left too; <c>observe</c>: nothing is refused.</summary>
    public Enforcement Enforcement { get; init; }

    /// <summary>As the admin API shows a limit.</summary>
    public static LimitBody From(Limit limit) => new()
    {
        Metric = limit.Metric,
        Window = limit.Window,
        Amount = LimitAmount.Of(limit.Metric, limit.Amount),
        Model = limit.Model,
        Enforcement = limit.Enforcement,
    };

    /// <summary>The limit, of a body without a fault.</summary>
    public Limit ToLimit() => new(Metric!.Value, Window ?? Grains.Quotas.Window.Total, LimitAmount.Parse(Metric.Value, Amount!.Value)!.Value, Model, Enforcement);
}
