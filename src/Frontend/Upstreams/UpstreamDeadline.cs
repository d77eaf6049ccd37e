namespace Relay.Frontend.Upstreams;

/// <summary>
/// Bounds the time that a call spends on its upstream: each step on its own, and, once the client has gone, the rest as a whole.
/// </summary>
internal sealed class UpstreamDeadline(TimeProvider time, TimeSpan drain) : IDisposable
{
    private readonly CancellationTokenSource _step = new(Timeout.InfiniteTimeSpan, time);
    private readonly Lock _gate = new();
    private ITimer? _drainTimer;
    private bool _disposed;

    /// <summary>Cancelled when a step takes too long, or when the drain's time is over.</summary>
    public CancellationToken Token => _step.Token;

    /// <summary>Whether the client has gone.</summary>
    public bool ClientGone { get; private set; }

    /// <summary>Begins the next step.</summary>
    public void Begin(TimeSpan step) => _step.CancelAfter(step);

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
            if (drain <= TimeSpan.Zero)
            {
                _step.Cancel();
                return;
            }

            _drainTimer = time.CreateTimer(static state => ((UpstreamDeadline)state!).Cancel(), this, drain, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Gives the upstream no more time at all.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _step.Cancel();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _drainTimer?.Dispose();
            _step.Dispose();
        }
    }
}
