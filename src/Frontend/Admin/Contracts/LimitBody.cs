using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A limit, as it is set and shown.</summary>
internal sealed record LimitBody
{
    /// <summary><c>requests</c>, <c>tokens</c>, <c>input_tokens</c>, <c>output_tokens</c> or <c>concurrency</c>.</summary>
    public Metric? Metric { get; init; }

    /// <summary><c>minute</c>, <c>hour</c>, <c>day</c>, <c>week</c>, <c>month</c> or <c>total</c>; means nothing, and may be absent, for <c>concurrency</c>.</summary>
    public Window? Window { get; init; }

    /// <summary>The most that is admitted: a whole number from 0 to 10^15.</summary>
    public long? Amount { get; init; }

    /// <summary>A pattern of the models that count, or null for all.</summary>
    public string? Model { get; init; }

    /// <summary><c>soft</c>, the only one yet: a call's estimate is held while it runs.</summary>
    public string Enforcement { get; init; } = "soft";

    /// <summary>As the admin API shows a limit.</summary>
    public static LimitBody From(Limit limit) => new()
    {
        Metric = limit.Metric,
        Window = limit.Window,
        Amount = limit.Amount,
        Model = limit.Model,
    };

    /// <summary>The limit, of a body without a fault.</summary>
    public Limit ToLimit() => new(Metric!.Value, Window ?? Grains.Quotas.Window.Total, Amount!.Value, Model);
}
