namespace Relay.Grains.Tests.Simulation;

/// <summary>A timer of a <see cref="SimulatedClock"/>: it fires once, unless it is disposed before.</summary>
internal sealed class SimulatedTimer : ITimer
{
    private bool _disposed;

    public void Fire(TimerCallback callback, object? state)
    {
        if (!_disposed)
        {
            callback(state);
        }
    }

    public bool Change(TimeSpan dueTime, TimeSpan period) => false;

    public void Dispose() => _disposed = true;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
