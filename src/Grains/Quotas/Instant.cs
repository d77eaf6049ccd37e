namespace Relay.Grains.Quotas;

/// <summary>One moment, told by two clocks.</summary>
/// <param name="Wall">The wall clock: it decides windows, and may step.</param>
/// <param name="Monotonic">The time since an arbitrary start on a clock that never steps: it decides deadlines.</param>
internal readonly record struct Instant(DateTimeOffset Wall, TimeSpan Monotonic);
