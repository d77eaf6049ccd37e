using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>An entry that waits for its commit.</summary>
/// <param name="ledger">The activation that wrote it.</param>
/// <param name="entry">The entry.</param>
/// <param name="queuedAt">Since when it waits, as the clock's timestamp.</param>
/// <param name="observer">Who is told what becomes of it.</param>
internal sealed class QueuedEntry(KeyLedger ledger, UsageEntry entry, long queuedAt, IAppendObserver observer)
{
    /// <summary>The activation that wrote it.</summary>
    public KeyLedger Ledger { get; } = ledger;

    /// <summary>The entry.</summary>
    public UsageEntry Entry { get; } = entry;

    /// <summary>Since when it waits, as the clock's timestamp.</summary>
    public long QueuedAt { get; } = queuedAt;

    /// <summary>What no two rows of the ledger share.</summary>
    public (Guid RequestId, int Part) Id => (Entry.Settlement.Call.RequestId, Entry.Part);

    /// <summary>Whether the fate of the entry is known, or nobody will ever know.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>Tells the caller that its call is in the ledger, unless it was told something before.</summary>
    public void Acknowledge(AppendOutcome outcome)
    {
        if (!IsAnswered)
        {
            IsAnswered = true;
            try
            {
                observer.Appended(outcome);
            }
            catch (Exception exception)
            {
                // The writer writes for all keys. Whoever threw is in an unknown state, and takes no more.
                Ledger.Fail(exception);
            }
        }
    }

    /// <summary>Tells the caller that its entry was not written, or that nobody knows, unless it was told something before.</summary>
    public void Fail(Exception failure)
    {
        if (!IsAnswered)
        {
            IsAnswered = true;
            try
            {
                observer.NotAppended(failure);
            }
            catch (Exception exception)
            {
                Ledger.Fail(exception);
            }
        }
    }
}
