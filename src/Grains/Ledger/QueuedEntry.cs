using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>An entry that waits for its commit.</summary>
/// <param name="Ledger">The activation that wrote it.</param>
/// <param name="Entry">The entry.</param>
/// <param name="Committed">Ends when the fate of the entry is known.</param>
internal sealed record QueuedEntry(KeyLedger Ledger, UsageEntry Entry, TaskCompletionSource Committed)
{
    /// <summary>Refuses the entry for what befell an earlier one of its key.</summary>
    public void Fail(Exception failure) => Committed.TrySetException(failure);
}
