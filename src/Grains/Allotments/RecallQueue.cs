namespace Relay.Grains.Allotments;

/// <summary>
/// Runs one recall of a limit at a time. Who asks while one runs gets the next one's answer, for what it looked for may have been given back since the first has
/// begun. One grain's; not for several threads.
/// </summary>
/// <param name="recall">The recall.</param>
/// <param name="time">The clock.</param>
internal sealed class RecallQueue(Func<Task<RecalledRoom>> recall, TimeProvider time)
{
    // A pause after each, by how long it took, so that a limit that is used up costs its keys little.
    private const int PauseShare = 4;

    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(1);

    private Task _running = Task.CompletedTask;
    private Task<RecalledRoom>? _next;

    /// <summary>Whether nobody waits for it.</summary>
    public bool IsIdle => _next is null && _running.IsCompleted;

    /// <summary>Runs one that begins after this.</summary>
    public Task<RecalledRoom> RunAsync() => _next ??= RunNextAsync(_running);

    private async Task<RecalledRoom> RunNextAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        _next = null;
        var start = time.GetTimestamp();
        var found = recall();
        _running = PauseAsync(found, start);
        return await found;
    }

    private async Task PauseAsync(Task found, long start)
    {
        await found.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var pause = time.GetElapsedTime(start) * PauseShare;
        await Task.Delay(pause < PauseMax ? pause : PauseMax, time);
    }
}
