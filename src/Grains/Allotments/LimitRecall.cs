namespace Relay.Grains.Allotments;

/// <summary>Has keys give back what they do not use of a limit.</summary>
/// <param name="store">What they have.</param>
/// <param name="askKey">Asks one key, by its id; null when it cannot tell. It does not throw.</param>
internal sealed class LimitRecall(IAllotmentStore store, Func<string, LimitKey, DateTimeOffset, Task<RoomUse?>> askKey)
{
    private const int AtOnce = 64;

    /// <summary>Asks all keys that may have something to give back: then all that is allotted is used or held, but for what silent keys have.</summary>
    public async Task<RecalledRoom> RunAsync(LimitKey limit, DateTimeOffset windowEnd)
    {
        var left = new Queue<Allotment>(await store.ListUnusedAsync(limit, windowEnd, CancellationToken.None));
        var held = 0L;
        var silent = 0L;

        // Each of these takes the next key when it has its answer.
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, left.Count)).Select(async _ =>
        {
            while (left.TryDequeue(out var key))
            {
                var use = await askKey(key.KeyId, limit, windowEnd);
                held += use?.Held ?? 0;
                silent += use is null ? key.Ceiling - key.Used : 0;
            }
        }));

        var allotted = (await store.FindAsync(limit, windowEnd, CancellationToken.None))?.Allotted ?? 0;
        return new RecalledRoom(Math.Max(allotted - held - silent, 0), held, silent);
    }
}
