namespace Relay.Frontend.Upstreams;

/// <summary>
/// Looks at the deadlines of all calls that run, ten times a second, so that none of them needs a timer. What is over is told up to a tenth of a second
/// late.
/// </summary>
internal sealed class UpstreamDeadlines : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly LinkedList<UpstreamDeadline> _open = [];
    private bool _isLooking;

    public UpstreamDeadlines(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((UpstreamDeadlines)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A deadline for one call; it is watched until it is disposed.</summary>
    /// <param name="drain">How long the call may go on once its client has gone; none at all for zero or less.</param>
    public UpstreamDeadline Open(TimeSpan drain)
    {
        var deadline = new UpstreamDeadline(this, _time, drain);
        lock (_lock)
        {
            _open.AddLast(deadline.Place);
            if (!_isLooking)
            {
                LookLater();
            }
        }

        return deadline;
    }

    /// <summary>Watches one no more.</summary>
    public void Close(UpstreamDeadline deadline)
    {
        lock (_lock)
        {
            _open.Remove(deadline.Place);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        List<UpstreamDeadline>? over = null;
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            foreach (var deadline in _open)
            {
                if (deadline.IsOver(now))
                {
                    (over ??= []).Add(deadline);
                }
            }
        }

        over?.ForEach(static deadline => deadline.Cancel());
        lock (_lock)
        {
            _isLooking = false;
            if (_open.Count > 0)
            {
                LookLater();
            }
        }
    }

    private void LookLater()
    {
        _isLooking = true;
        _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }
}
