namespace Relay.Frontend.Admission;

/// <summary>
/// Tokens that are cancelled after a while, for calls that nearly always end long before. Calls that begin at about the same time
/// share one, so that there is a timer for many calls instead of one for each. A token may come up to a twentieth of the time early.
/// </summary>
internal sealed class SharedDeadlines(TimeProvider time, TimeSpan duration)
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _shared = duration / 20;
    private Deadline? _newest;

    /// <summary>A token for a call that begins now.</summary>
    public CancellationToken Begin()
    {
        if (IsShared(Volatile.Read(ref _newest), out var token))
        {
            return token;
        }

        lock (_lock)
        {
            if (!IsShared(_newest, out token))
            {
                // Not disposed: its calls may look at it until they end, and its timer ends by itself.
                _newest = new Deadline(time.GetTimestamp(), new CancellationTokenSource(duration, time).Token);
                token = _newest.Token;
            }

            return token;
        }
    }

    private bool IsShared(Deadline? deadline, out CancellationToken token)
    {
        token = deadline?.Token ?? default;
        return deadline is not null && !token.IsCancellationRequested && time.GetElapsedTime(deadline.BegunAt) < _shared;
    }

    private sealed record Deadline(long BegunAt, CancellationToken Token);
}
