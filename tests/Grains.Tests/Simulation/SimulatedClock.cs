namespace Relay.Grains.Tests.Simulation;

/// <summary>A clock that goes forward when the simulation says so. How long a retry waits is the scheduler's choice.</summary>
internal sealed class SimulatedClock(SeededScheduler scheduler) : TimeProvider
{
    private readonly SimulatedProcess _process = new(scheduler);

    /// <summary>How long the simulation has run.</summary>
    public TimeSpan Elapsed { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Elapsed.Ticks;

    public void Advance(TimeSpan time) => Elapsed += time;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimulatedTimer();
        if (dueTime >= TimeSpan.Zero)
        {
            scheduler.Add(_process, () => timer.Fire(callback, state));
        }

        return timer;
    }
}
