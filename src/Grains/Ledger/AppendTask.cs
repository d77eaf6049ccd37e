namespace Relay.Grains.Ledger;

/// <summary>An entry's fate as a task.</summary>
internal sealed class AppendTask() : TaskCompletionSource<AppendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously), IAppendObserver
{
    public void Appended(AppendOutcome outcome) => SetResult(outcome);

    public void NotAppended(Exception failure) => SetException(failure);
}
