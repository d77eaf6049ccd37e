using Microsoft.Extensions.Time.Testing;

namespace Relay.Testing;

/// <summary>
/// A clock that stands still until a test moves it, and that knows which time-outs run: so a test lets one pass when it has begun,
/// and not before. It starts five seconds into a minute.
/// </summary>
public sealed class RelayClock() : FakeTimeProvider(new DateTimeOffset(2026, 3, 4, 12, 0, 5, TimeSpan.Zero))
{
    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly HashSet<WatchedTimer> _running = [];
    private readonly List<(TimeSpan DueTime, TaskCompletionSource Began)> _waiters = [];

    /// <summary>Waits until a time-out of exactly this length runs, and lets it pass.</summary>
    public async Task PassAsync(TimeSpan timeout)
    {
        await BeganAsync(timeout);
        Advance(timeout + TimeSpan.FromSeconds(1));
    }

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new WatchedTimer(this);
        timer.Inner = base.CreateTimer(
            _ =>
            {
                timer.Watch(Timeout.InfiniteTimeSpan);
                callback(state);
            },
            null,
            dueTime,
            period);
        timer.Watch(dueTime);
        return timer;
    }

    /// <summary>Waits until a time-out of exactly this length runs.</summary>
    public Task BeganAsync(TimeSpan dueTime)
    {
        lock (_lock)
        {
            if (_running.Any(timer => timer.DueTime == dueTime))
            {
                return Task.CompletedTask;
            }

            var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((dueTime, began));
            return began.Task.WaitAsync(WaitMax);
        }
    }

    private sealed class WatchedTimer(RelayClock clock) : ITimer
    {
        public ITimer Inner { get; set; } = null!;

        public TimeSpan DueTime { get; private set; }

        public void Watch(TimeSpan dueTime)
        {
            lock (clock._lock)
            {
                DueTime = dueTime;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    clock._running.Remove(this);
                    return;
                }

                clock._running.Add(this);
                clock._waiters.FindAll(waiter => waiter.DueTime == dueTime).ForEach(waiter => waiter.Began.TrySetResult());
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = Inner.Change(dueTime, period);
            Watch(dueTime);
            return changed;
        }

        public void Dispose()
        {
            Watch(Timeout.InfiniteTimeSpan);
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Watch(Timeout.InfiniteTimeSpan);
            return Inner.DisposeAsync();
        }
    }
}
