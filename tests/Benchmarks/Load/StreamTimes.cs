using System.Collections.Concurrent;

namespace Relay.Benchmarks.Load;

/// <summary>What streams took.</summary>
internal sealed class StreamTimes
{
    /// <summary>From each event's sending by the upstream to its arrival.</summary>
    public ConcurrentBag<TimeSpan> Delays { get; } = [];

    /// <summary>From each call to its first event, without the upstream's pause before that.</summary>
    public ConcurrentBag<TimeSpan> FirstBytes { get; } = [];
}
