namespace Relay.Frontend.Upstreams;

/// <summary>
/// Bounds the time that a call spends on its upstream: each step on its own, and, once the client has gone, the rest as a whole.
/// </summary>
internal sealed class UpstreamDeadline : IDisposable
{
    private readonly UpstreamDeadlines _watch;
    private readonly TimeProvider _time;
    private readonly TimeSpan _drain;
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new();

    // Of the time's own count; never, where there is no bound.
    private long _stepEnd = long.MaxValue;
    private long _drainEnd = long.MaxValue;
    private bool _disposed;

    /// <summary>Made by <see cref="UpstreamDeadlines.Open"/>, which watches it.</summary>
    public UpstreamDeadline(UpstreamDeadlines watch, TimeProvider time, TimeSpan drain)
    {
        (_watch, _time, _drain) = (watch, time, drain);
        Place = new LinkedListNode<UpstreamDeadline>(this);
    }

    /// <summary>Where it is watched.</summary>
    public LinkedListNode<UpstreamDeadline> Place { get; }

    /// <summary>Cancelled when a step takes too long, or when the drain's time is over.</summary>
    public CancellationToken Token => _over.Token;

    /// <summary>Whether the client has gone.</summary>
    public bool ClientGone { get; private set; }

    /// <summary>Begins the next step, which may take that long, or for ever.</summary>
    public void Begin(TimeSpan step) => Volatile.Write(ref _stepEnd, step == Timeout.InfiniteTimeSpan ? long.MaxValue : After(step));

    /// <summary>Whether the step, or the drain, has taken too long.</summary>
    public bool IsOver(long now) => now >= Volatile.Read(ref _stepEnd) || now >= Volatile.Read(ref _drainEnd);

    /// <summary>Gives the upstream no more time than the drain takes.</summary>
    public void StartDrain()
    {
        lock (_gate)
        {
            if (_disposed || ClientGone)
            {
                return;
            }

            ClientGone = true;
            if (_drain <= TimeSpan.Zero)
            {
                _over.Cancel();
                return;
            }

            Volatile.Write(ref _drainEnd, After(_drain));
        }
    }

    /// <summary>Gives the upstream no more time at all.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _over.Cancel();
            }
        }
    }

    public void Dispose()
    {
        _watch.Close(this);
        lock (_gate)
        {
            _disposed = true;
            _over.Dispose();
        }
    }

    private long After(TimeSpan duration) => _time.GetTimestamp() + (long)(duration.TotalSeconds * _time.TimestampFrequency);
}
