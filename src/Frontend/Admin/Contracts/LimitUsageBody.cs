using System.Text.Json.Serialization;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A limit's state.</summary>
internal sealed record LimitUsageBody
{
    /// <summary>What is counted.</summary>
    public required Metric Metric { get; init; }

    /// <summary>When the count begins anew.</summary>
    public required Window Window { get; init; }

    /// <summary>The most that is admitted; this and what follows are US dollars for <c>cost</c>.</summary>
    public required decimal Amount { get; init; }

    /// <summary>The pattern of models that count; left out when all do.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>Settled in the current window.</summary>
    public required decimal Used { get; init; }

    /// <summary>Held by calls in flight.</summary>
    public required decimal Held { get; init; }

    /// <summary>What a new call may still take: never below 0.</summary>
    public required decimal Remaining { get; init; }

    /// <summary>When the window ends, in unix seconds; null if it never does.</summary>
    public required long? ResetsAt { get; init; }

    /// <summary>How many calls a limit that only observes would have refused in this window; left out for others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? WouldRefuse { get; init; }

    public static LimitUsageBody From(LimitUsage state) => new()
    {
        Metric = state.Limit.Metric,
        Window = state.Limit.Window,
        Amount = LimitAmount.Of(state.Limit.Metric, state.Limit.Amount),
        Model = state.Limit.Model,
        Used = LimitAmount.Of(state.Limit.Metric, state.Used),
        Held = LimitAmount.Of(state.Limit.Metric, state.Held),
        Remaining = LimitAmount.Of(state.Limit.Metric, state.Remaining),
        ResetsAt = state.ResetsAt?.ToUnixTimeSeconds(),
        WouldRefuse = state.Limit.Enforcement == Enforcement.Observe ? state.WouldRefuse : null,
    };
}
