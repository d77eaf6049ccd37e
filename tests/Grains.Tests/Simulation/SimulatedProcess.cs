namespace Relay.Grains.Tests.Simulation;

/// <summary>A process that may be killed or stopped for a while. Whatever is awaited in it goes on in it, when the scheduler wants.</summary>
internal sealed class SimulatedProcess(SeededScheduler scheduler) : SynchronizationContext
{
    /// <summary>Whether it was killed: nothing of it runs any more.</summary>
    public bool IsDead { get; set; }

    /// <summary>The step of the scheduler until which it is stopped.</summary>
    public int PausedUntil { get; set; }

    public override void Post(SendOrPostCallback d, object? state) => scheduler.Add(this, () => d(state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing waits for another thread here.");

    /// <summary>Starts something in this process.</summary>
    public void Start(Func<Task> work) => scheduler.Add(this, () => _ = work());

    /// <summary>Runs a piece of work as this process.</summary>
    public void Run(Action work)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            work();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }
}
