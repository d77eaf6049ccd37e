using System.Globalization;
using Relay.Grains.Admission;

namespace Relay.Frontend.Admission;

/// <summary>Writes the key's own limits in OpenAI's headers.</summary>
internal static class RateLimitHeaders
{
    public static void Write(IHeaderDictionary headers, AdmissionDecision decision)
    {
        Write(headers, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", decision.Requests);
        Write(headers, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", decision.Tokens);
    }

    /// <summary>A duration as Go writes it, in whole seconds rounded up, below one second in milliseconds: <c>120ms</c>, <c>1s</c>, <c>6m0s</c>, <c>26h0m12s</c>.</summary>
    public static string FormatDuration(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)Math.Ceiling(duration.TotalMilliseconds))}ms");
        }

        var seconds = (long)Math.Ceiling(duration.TotalSeconds);
        var (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        return (hours, minutes) switch
        {
            (0, 0) => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
            (0, _) => string.Create(CultureInfo.InvariantCulture, $"{minutes}m{seconds % 60}s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{hours}h{minutes}m{seconds % 60}s"),
        };
    }

    private static void Write(IHeaderDictionary headers, string limit, string remaining, string reset, RateLimitStatus? status)
    {
        if (status is null)
        {
            return;
        }

        headers[limit] = status.Limit.ToString(CultureInfo.InvariantCulture);
        headers[remaining] = status.Remaining.ToString(CultureInfo.InvariantCulture);
        if (status.ResetAfter is { } resetAfter)
        {
            headers[reset] = FormatDuration(resetAfter);
        }
    }
}
