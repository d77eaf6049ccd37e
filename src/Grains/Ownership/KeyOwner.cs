namespace Relay.Grains.Ownership;

/// <summary>
/// One activation's title to its key. It admits only while its claim is the newest that its silo knows of, its silo's lease is
/// good, and the owner before has surely stopped and its calls have been told of.
/// </summary>
/// <param name="claim">The activation's claim.</param>
/// <param name="lease">Its silo's lease.</param>
/// <param name="admitsFrom">From when on it may admit, as the lease's clock counts.</param>
/// <param name="time">That clock.</param>
internal sealed class KeyOwner(KeyClaim claim, OwnerLease lease, long admitsFrom, TimeProvider time)
{
    private volatile bool _isLost;

    /// <summary>The activation's claim.</summary>
    public KeyClaim Claim { get; } = claim;

    /// <summary>From when on it may admit, as the lease's clock counts.</summary>
    public long AdmitsFrom => admitsFrom;

    /// <summary>Whether another activation has claimed the key: this one must end.</summary>
    public bool IsLost => _isLost;

    /// <summary>How long no call can be admitted yet, at least; null when one can be now.</summary>
    public TimeSpan? Wait
    {
        get
        {
            var now = time.GetTimestamp();
            return now < admitsFrom ? time.GetElapsedTime(now, admitsFrom)
                : lease.IsGood ? null
                : lease.Pause;
        }
    }

    /// <summary>
    /// Whether every frontend has had the time to tell this owner of its running calls. Not so while it waits, nor just after its silo
    /// was frozen or cut off: what was told meanwhile may stand in a queue behind the timers that have gone off.
    /// </summary>
    public bool HearsOfCalls => time.GetTimestamp() >= admitsFrom && lease.HearsOfCalls;

    /// <summary>Ends when no owner before this one can admit anything any more.</summary>
    public async Task WaitUntilSoleAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (now < admitsFrom)
        {
            await Task.Delay(time.GetElapsedTime(now, admitsFrom), time, cancellationToken);
        }
    }

    /// <summary>Called by the lease.</summary>
    public void Lose() => _isLost = true;
}
