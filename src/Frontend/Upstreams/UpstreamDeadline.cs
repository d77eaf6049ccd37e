namespace Relay.Frontend.Upstreams;

/// <summary>
/// Bounds the time that a call spends on its upstream: each step on its own, and, once the client has gone, the rest as a whole.
/// </summary>
internal sealed class UpstreamDeadline(StepTimeouts timeouts, TimeSpan drain) : StepTimeouts.Step, IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new();
    private ITimer? _drainTimer;
    private bool _disposed;

    /// <summary>Cancelled when a step takes too long, or when the drain's time is over.</summary>
    public CancellationToken Token => _over.Token;

    /// <summary>Whether the client has gone.</summary>
    public bool ClientGone { get; private set; }

    /// <summary>Begins the next step; one without end bounds nothing. Steps are begun one after the other.</summary>
    public void Begin(TimeSpan step)
    {
        End();
        if (step != Timeout.InfiniteTimeSpan)
        {
            timeouts.Begin(step, this);
        }
    }

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
                _over.Cancel();
                return;
            }

            _drainTimer = timeouts.Time.CreateTimer(static state => ((UpstreamDeadline)state!).Cancel(), this, drain, Timeout.InfiniteTimeSpan);
        }
    }

    protected override void Expire() => Cancel();

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
        End();
        lock (_gate)
        {
            _disposed = true;
            _drainTimer?.Dispose();
            _over.Dispose();
        }
    }
}
