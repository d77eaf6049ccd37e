using Microsoft.Extensions.Options;
using Relay.Frontend.Overload;

namespace Relay.Frontend.Shutdown;

/// <summary>
/// The calls that run in this process. Nobody enters before it is open, which is when all that a call needs has started, while as many run
/// as may, or once it is closed; then it is known when the last has left.
/// </summary>
internal sealed class RunningCalls(IOptions<OverloadOptions> options)
{
    private readonly Lock _lock = new();
    private readonly HashSet<HttpContext> _running = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _opened;
    private bool _closed;

    /// <summary>Ends when it is closed and no call runs.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Lets calls in from now on.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _opened = true;
        }
    }

    /// <summary>Lets a call in, if it may. Whoever is let in must <see cref="Leave"/>.</summary>
    /// <param name="http">The call.</param>
    /// <param name="isBounded">Whether it is refused when as many run as may.</param>
    public Entrance Enter(HttpContext http, bool isBounded)
    {
        lock (_lock)
        {
            if (_closed || !_opened)
            {
                return _closed ? Entrance.Closed : Entrance.NotYet;
            }

            if (isBounded && _running.Count >= options.Value.Calls)
            {
                return Entrance.Full;
            }

            _running.Add(http);
            return Entrance.Open;
        }
    }

    /// <summary>A call has ended.</summary>
    public void Leave(HttpContext http)
    {
        lock (_lock)
        {
            _running.Remove(http);
            EndIfEmpty();
        }
    }

    /// <summary>Lets no more calls in.</summary>
    /// <returns>How many run.</returns>
    public int Close()
    {
        lock (_lock)
        {
            _closed = true;
            EndIfEmpty();
            return _running.Count;
        }
    }

    /// <summary>Cuts the connections of the calls that run; each still ends as if its client had gone, and is counted.</summary>
    /// <returns>How many there were.</returns>
    public int Cut()
    {
        List<HttpContext> running;
        lock (_lock)
        {
            running = [.. _running];
        }

        running.ForEach(http => http.Abort());
        return running.Count;
    }

    private void EndIfEmpty()
    {
        if (_closed && _running.Count == 0)
        {
            _ended.TrySetResult();
        }
    }
}
