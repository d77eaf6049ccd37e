using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>An entry that waits for its commit.</summary>
/// <param name="Ledger">The activation that wrote it.</param>
/// <param name="Entry">The entry.</param>
/// <param name="QueuedAt">Since when it waits, as the clock's timestamp.</param>
internal sealed record QueuedEntry(KeyLedger Ledger, UsageEntry Entry, long QueuedAt)
{
    private readonly TaskCompletionSource<AppendOutcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What no two rows of the ledger share.</summary>
    public (Guid RequestId, int Part) Id => (Entry.Settlement.Call.RequestId, Entry.Part);

    /// <summary>Ends when the fate of the entry is known, or nobody will ever know.</summary>
    public Task<AppendOutcome> Answer => _answer.Task;

    /// <summary>Tells the caller that its call is in the ledger.</summary>
    public void Acknowledge(AppendOutcome outcome) => _answer.TrySetResult(outcome);

    /// <summary>Tells the caller that its entry was not written, or that nobody knows.</summary>
    public void Fail(Exception failure) => _answer.TrySetException(failure);
}
