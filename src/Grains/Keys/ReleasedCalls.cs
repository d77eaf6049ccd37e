namespace Relay.Grains.Keys;

/// <summary>
/// The calls that were released not long ago, so that a reserve or a renewal that was under way meanwhile holds nothing for them:
/// nobody would release it again. One activation's; it needs no clock.
/// </summary>
/// <param name="memory">How long a release is remembered: longer than any message is under way.</param>
internal sealed class ReleasedCalls(TimeSpan memory)
{
    /// <summary>How many are remembered. Those beyond it are forgotten early, the oldest first.</summary>
    public const int Max = 50_000;

    private readonly Dictionary<Guid, TimeSpan> _forgottenAt = [];
    private readonly Queue<(Guid RequestId, TimeSpan ForgottenAt)> _order = [];

    /// <summary>Remembers a release, or remembers it anew.</summary>
    /// <param name="requestId">The call.</param>
    /// <param name="now">The time on the monotonic clock.</param>
    public void Add(Guid requestId, TimeSpan now)
    {
        ForgetUntil(now);
        _forgottenAt[requestId] = now + memory;
        _order.Enqueue((requestId, now + memory));
        if (_order.Count > Max)
        {
            ForgetOldest();
        }
    }

    /// <summary>Whether the call was released so lately.</summary>
    public bool Contains(Guid requestId, TimeSpan now)
    {
        ForgetUntil(now);
        return _forgottenAt.ContainsKey(requestId);
    }

    private void ForgetUntil(TimeSpan now)
    {
        while (_order.TryPeek(out var oldest) && oldest.ForgottenAt <= now)
        {
            ForgetOldest();
        }
    }

    /// <summary>One that was released again meanwhile is remembered by its later place.</summary>
    private void ForgetOldest()
    {
        var (requestId, forgottenAt) = _order.Dequeue();
        if (_forgottenAt.TryGetValue(requestId, out var latest) && latest == forgottenAt)
        {
            _forgottenAt.Remove(requestId);
        }
    }
}
