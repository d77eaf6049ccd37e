using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Relay.Grains.Accounts;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <inheritdoc cref="IAllotmentGrain" />
/// <remarks>Reentrant: who asks while a recall runs waits for the next one, all of them for the same.</remarks>
[Reentrant]
internal sealed partial class AllotmentGrain(
    IAllotmentStore store,
    IUsageLedger ledger,
    SiloHierarchy hierarchy,
    IOptions<QuotaOptions> options,
    TimeProvider time,
    ILogger<AllotmentGrain> logger) : Grain, IAllotmentGrain
{
    private readonly Dictionary<(LimitKey Limit, DateTimeOffset WindowEnd), RecallQueue> _queues = [];

    private AccountId Account => AccountId.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc />
    public Task<RecalledRoom> RecallAsync(LimitKey limit, DateTimeOffset windowEnd)
    {
        if (!_queues.TryGetValue((limit, windowEnd), out var queue))
        {
            ForgetEnded();
            var recall = new LimitRecall(store, AskKeyAsync);
            _queues.Add((limit, windowEnd), queue = new RecallQueue(() => recall.RunAsync(limit, windowEnd), time));
        }

        return queue.RunAsync();
    }

    /// <inheritdoc />
    public async Task ApplyLimitsAsync()
    {
        await hierarchy.RefreshAsync(CancellationToken.None);
        foreach (var limit in Limits())
        {
            var windowEnd = EndOf(WindowOf(limit.Key));
            if (await AllottedAsync(limit.Key, windowEnd) > limit.Limit.Amount
                && await RecallAsync(limit.Key, windowEnd) is { Silent: > 0 }
                && await AllottedAsync(limit.Key, windowEnd) > limit.Limit.Amount)
            {
                throw new StaleActivationException(
                    "The limits are changed, but a key's owner did not answer whether it has more than they leave; the same call may be tried again.");
            }
        }
    }

    /// <inheritdoc />
    public async Task<ImmutableArray<LimitUsage>> GetLimitsAsync()
    {
        await hierarchy.RefreshAsync(CancellationToken.None);
        return [.. await Task.WhenAll(Limits().Select(UsageAsync))];
    }

    private static DateTimeOffset EndOf(WindowBounds window) => window.End ?? DateTimeOffset.MaxValue;

    private async Task<LimitUsage> UsageAsync(AccountLimit limit)
    {
        var window = WindowOf(limit.Key);
        var opened = await store.FindAsync(limit.Key, EndOf(window), CancellationToken.None);
        var found = opened is null
            ? new RecalledRoom(await new WindowOpener(store, ledger).SumAsync(limit.Key, window, CancellationToken.None), 0, 0)
            : await RecallAsync(limit.Key, EndOf(window));
        var remaining = Math.Max(limit.Limit.Amount - found.Used - found.Held - found.Silent, 0);
        return new LimitUsage(limit.Limit, found.Used, found.Held + found.Silent, remaining, limit.Key.Metric == Metric.Concurrency ? null : window.End)
        {
            WouldRefuse = opened?.WouldRefuse ?? 0,
        };
    }

    private async Task<long> AllottedAsync(LimitKey limit, DateTimeOffset windowEnd) =>
        (await store.FindAsync(limit, windowEnd, CancellationToken.None))?.Allotted ?? 0;

    private IEnumerable<AccountLimit> Limits() =>
        (hierarchy.Current.Find(Account)?.Limits ?? []).Select(limit => new AccountLimit(Account, limit)).DistinctBy(static limit => limit.Key);

    private WindowBounds WindowOf(LimitKey limit) => limit.Metric == Metric.Concurrency
        ? new WindowBounds(DateTimeOffset.MinValue, null)
        : WindowBounds.Of(limit.Window, time.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone));

    private async Task<RoomUse?> AskKeyAsync(string keyId, LimitKey limit, DateTimeOffset windowEnd)
    {
        try
        {
            return await GrainFactory.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId)).RecallAsync(limit, windowEnd);
        }
        catch (Exception exception)
        {
            LogSilent(exception, keyId);
            return null;
        }
    }

    private void ForgetEnded()
    {
        var now = time.GetUtcNow();
        foreach (var ended in _queues.Where(pair => pair.Key.WindowEnd <= now && pair.Value.IsIdle).Select(static pair => pair.Key).ToList())
        {
            _queues.Remove(ended);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Key {KeyId} did not tell what it uses of what it is allotted; its owner may be changing.")]
    private partial void LogSilent(Exception exception, string keyId);
}
