using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>
/// A settle that a caller of this process has begun, as the caller's task. The ledger's writer itself counts what it has committed: it waits for a turn
/// that runs, in which nothing blocks, and changes no thread for it.
/// </summary>
/// <param name="calls">The calls of the activation.</param>
/// <param name="entry">The entry that is on its way.</param>
/// <param name="turns">What must be kept out while the book changes.</param>
internal sealed class LocalSettle(KeyCalls calls, UsageEntry entry, KeyTurns turns)
    : TaskCompletionSource<SettleResult>(TaskCreationOptions.RunContinuationsAsynchronously), IAppendObserver
{
    /// <summary>Queues the entry. A refusal is the task's.</summary>
    public void Begin(KeyLedger ledger)
    {
        try
        {
            ledger.Append(entry, this);
        }
        catch (Exception exception)
        {
            NotAppended(exception);
        }
    }

    public void Appended(AppendOutcome outcome)
    {
        try
        {
            using (turns.Enter())
            {
                calls.Finish(entry, outcome);
            }

            SetResult(SettleResult.Settled);
        }
        catch (Exception exception)
        {
            NotAppended(exception);
        }
    }

    public void NotAppended(Exception failure)
    {
        try
        {
            using (turns.Enter())
            {
                calls.Abandon(entry, failure);
            }
        }
        finally
        {
            SetException(failure);

            // Who asked may wait no more.
            _ = Task.Exception;
        }
    }
}
