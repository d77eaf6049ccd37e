using System.Globalization;

namespace Relay.Benchmarks.Load;

/// <summary>What became of calls.</summary>
/// <param name="Answered">The times of those that were answered, in order.</param>
/// <param name="Refused">The times of those that were refused with 503, in order.</param>
internal sealed record CallResults(IReadOnlyList<TimeSpan> Answered, IReadOnlyList<TimeSpan> Refused)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Answered.Count}, {Refused.Count}, {Median(Answered)} answered and {Median(Refused)} refused");

    private static string Median(IReadOnlyList<TimeSpan> times) =>
        times.Count == 0 ? "–" : times[times.Count / 2].TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);
}
