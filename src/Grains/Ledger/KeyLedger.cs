using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>
/// One activation's way into the ledger. Its entries commit in the order of their sequences. After the first that did not
/// commit as it was it takes no more, since a later one would leave a gap; the key's next activation opens its own.
/// </summary>
internal sealed class KeyLedger(LedgerWriter writer)
{
    private volatile Exception? _failure;

    /// <summary>Why nothing is taken any more; null while all is well.</summary>
    public Exception? Failure => _failure;

    /// <summary>Queues an entry. The task ends when its call is in the ledger, and fails when it is not or nobody knows.</summary>
    /// <exception cref="LedgerFullException">Too much waits, or the silo stops.</exception>
    /// <exception cref="StaleActivationException">An earlier entry did not commit as it was.</exception>
    public Task<AppendOutcome> AppendAsync(UsageEntry entry)
    {
        var task = new AppendTask();
        Append(entry, task);
        return task.Task;
    }

    /// <summary>As <see cref="AppendAsync"/>, but tells an observer.</summary>
    /// <exception cref="LedgerFullException">Too much waits, or the silo stops.</exception>
    /// <exception cref="StaleActivationException">An earlier entry did not commit as it was.</exception>
    public void Append(UsageEntry entry, IAppendObserver observer) => writer.Append(this, entry, observer);

    /// <summary>Called by the writer before it answers the entry that did not commit as it was, or any after it.</summary>
    public void Fail(Exception failure) => _failure ??= failure;
}
