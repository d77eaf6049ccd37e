namespace Relay.Grains.Keys;

/// <summary>
/// The turns of one activation of a key's grain. They run where Orleans runs the grain's own, and never while a caller of this process, or the ledger's
/// writer, is inside: so whoever has <see cref="Enter"/>ed may do, on any thread, what a turn may do without awaiting. Nothing in a turn blocks, so
/// that nobody waits for one longer than it takes to compute.
/// </summary>
/// <param name="grain">The scheduler of the activation.</param>
internal sealed class KeyTurns(TaskScheduler grain) : TaskScheduler
{
    private readonly Lock _lock = new();
    private int _threadInTurn;

    /// <summary>Whether the caller is in one of these turns, and so in the grain's context.</summary>
    private bool IsInTurn => Volatile.Read(ref _threadInTurn) == Environment.CurrentManagedThreadId;

    /// <summary>Keeps all turns out until the scope is disposed. Nothing may be awaited in it.</summary>
    public Lock.Scope Enter() => _lock.EnterScope();

    /// <summary>Runs a function as turns: at once in a turn, else in one that follows.</summary>
    public Task RunAsync(Func<Task> function) =>
        IsInTurn ? function() : Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    protected override void QueueTask(Task task) =>
        _ = Task.Factory.StartNew(RunTurn, task, CancellationToken.None, TaskCreationOptions.None, grain);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && IsInTurn && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private void RunTurn(object? task)
    {
        using (_lock.EnterScope())
        {
            Volatile.Write(ref _threadInTurn, Environment.CurrentManagedThreadId);
            try
            {
                TryExecuteTask((Task)task!);
            }
            finally
            {
                Volatile.Write(ref _threadInTurn, 0);
            }
        }
    }
}
