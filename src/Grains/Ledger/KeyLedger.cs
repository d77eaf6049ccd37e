using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>
/// One activation's way into the ledger. Its entries commit in the order of their sequences. After the first that fails it
/// takes no more, since a later one would leave a gap; the key's next activation opens its own and numbers anew.
/// </summary>
internal sealed class KeyLedger(LedgerWriter writer)
{
    private volatile Exception? _failure;

    /// <summary>Why nothing is taken any more; null while all is well.</summary>
    public Exception? Failure => _failure;

    /// <summary>Queues an entry. The task ends when the entry is committed, and fails when it was not or nobody knows.</summary>
    public Task AppendAsync(UsageEntry entry) => writer.AppendAsync(this, entry);

    /// <summary>Called by the writer before any of the failed entries' tasks ends.</summary>
    public void Fail(Exception failure) => _failure ??= failure;
}
