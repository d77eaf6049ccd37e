using System.Globalization;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Frontend.Errors;

/// <summary>Says in a sentence which limit refused, whose it is, what is used and when it begins anew.</summary>
internal static class LimitMessage
{
    public static string For(Refusal refusal, LimitUsage state, string keyId)
    {
        var limit = state.Limit;
        var name = limit.Metric == Metric.Concurrency ? " calls in flight" : $"{MetricName(limit.Metric)} {WindowName(limit.Window)}";
        string Amount(long amount) => limit.Metric == Metric.Cost ? new NanoUsd(amount).ToString() : amount.ToString(CultureInfo.InvariantCulture);
        var models = limit.Model is null ? "" : $" for models `{limit.Model}`";
        var reset = state.ResetsAt is { } at
            ? string.Create(CultureInfo.InvariantCulture, $" It resets at {at.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.")
            : limit.Metric == Metric.Concurrency ? " Try again when a call has ended." : " It never resets.";
        var advice = refusal.Needed > limit.Amount && limit.Metric is not (Metric.Requests or Metric.Concurrency)
            ? " That is more than the whole limit: send less, or lower the output cap."
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"The limit of {Amount(limit.Amount)}{name}{models} of {refusal.Account?.ToString() ?? $"key {keyId}"} is reached: {Amount(state.Used)} used, {Amount(state.Held)} held by calls in flight, {Amount(state.Remaining)} left; this call needs {Amount(refusal.Needed)}.{advice}{reset}");
    }

    private static string MetricName(Metric metric) => metric switch
    {
        Metric.Requests => " requests",
        Metric.Tokens => " tokens",
        Metric.InputTokens => " input tokens",
        Metric.OutputTokens => " output tokens",
        Metric.Cost => "",
        Metric.Concurrency => " calls in flight",
        _ => throw new ArgumentOutOfRangeException(nameof(metric)),
    };

    private static string WindowName(Window window) => window switch
    {
        Window.Minute => "per minute",
        Window.Hour => "per hour",
        Window.Day => "per day",
        Window.Week => "per week",
        Window.Month => "per month",
        Window.Total => "in total",
        _ => throw new ArgumentOutOfRangeException(nameof(window)),
    };
}
