using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Polly;
using Polly.Retry;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <inheritdoc cref="IUsageVerificationGrain" />
[StatelessWorker]
internal sealed partial class UsageVerificationGrain(
    IUsageAudit audit, TimeProvider time, ILogger<UsageVerificationGrain> logger) : Grain, IUsageVerificationGrain
{
    // A server that reads without a snapshot may show the tables while they move. What differs in truth does so every time.
    private const int LooksMax = 3;

    // A key's owner may change, which takes some seconds when its silo has died; an activation that ends is gone as soon as what it
    // writes is written, or given up.
    private readonly ResiliencePipeline _untilAnswered = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddTimeout(TimeSpan.FromSeconds(30))
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => ValueTask.FromResult(PassingFailure.Is(arguments.Outcome.Exception)),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(25),
            MaxDelay = TimeSpan.FromMilliseconds(500),
        })
        .Build();

    /// <inheritdoc />
    public async Task<UsageVerification> VerifyAsync(ImmutableArray<string> keyIds, bool repairsRollUps)
    {
        var keys = 0;
        var entries = 0L;
        var differences = ImmutableArray.CreateBuilder<UsageDifference>();
        foreach (var keyId in keyIds)
        {
            try
            {
                var compared = await CompareAsync(keyId);
                if (compared is not null)
                {
                    entries += compared.Value.Entries;
                    differences.AddRange(compared.Value.Differences);
                }

                var difference = await FindRollUpDifferenceAsync(keyId, repairsRollUps);
                if (difference is not null)
                {
                    differences.Add(difference);
                }

                keys += compared is null && difference is null ? 0 : 1;
            }
            catch (Exception exception)
            {
                // The other keys are compared all the same. An exception's text may show a connection or a row: it stays in the log.
                LogFailed(logger, exception, keyId);
                keys++;
                differences.Add(new UsageDifference(
                    keyId, DifferenceKind.Error, new ComparedUsage(), new ComparedUsage(), Error: exception.GetType().Name));
            }
        }

        return new UsageVerification(keys, entries, differences.DrainToImmutable());
    }

    /// <inheritdoc />
    public async Task<ImmutableArray<string>> ListStrayKeysAsync(string? after, int limit) =>
        [.. await audit.ListStrayKeysAsync(after ?? "", limit, CancellationToken.None)];

    /// <summary>Compares the ledger with what a key's grain has counted and saved; null when neither knows such a key.</summary>
    private async Task<(long Entries, List<UsageDifference> Differences)?> CompareAsync(string keyId)
    {
        var key = GrainFactory.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId));
        for (var look = 1; ; look++)
        {
            // In this order: each has all that the one before it had by then, and what came since is left out.
            var snapshot = await AskAsync(key.GetSnapshotAsync);
            if (await AskAsync(key.GetPositionAsync) is not { } position)
            {
                return CompareStray(keyId, await audit.ReadExtentAsync(keyId, long.MaxValue, CancellationToken.None));
            }

            var extent = await audit.ReadExtentAsync(keyId, position.Sequence, CancellationToken.None);
            var differences = Compare(keyId, position, extent).ToList();
            if (differences.Count == 0 && await CompareWindowsAsync(keyId, DifferenceKind.Totals, position) is { } window)
            {
                differences.Add(window);
            }

            if (snapshot is not null && await CompareSnapshotAsync(keyId, snapshot, position, extent) is { } difference)
            {
                differences.Add(difference);
            }

            if (differences.Count == 0 || look == LooksMax)
            {
                return (extent.Entries, differences);
            }
        }
    }

    /// <summary>Asks a key's grain until one answers, or time is up.</summary>
    private ValueTask<KeyPosition?> AskAsync(Func<Task<KeyPosition?>> ask) =>
        _untilAnswered.ExecuteAsync(async cancellationToken => await ask().WaitAsync(cancellationToken));

    private static IEnumerable<UsageDifference> Compare(string keyId, KeyPosition position, LedgerExtent extent)
    {
        var entries = position.Sequence - extent.DroppedSequence;
        var (first, last) = entries == 0 ? (0, 0) : (extent.DroppedSequence + 1, position.Sequence);
        if (extent.Entries != entries || extent.FirstSequence != first || extent.LastSequence != last)
        {
            yield return new UsageDifference(
                keyId,
                DifferenceKind.Sequence,
                new ComparedUsage { FirstSequence = first, LastSequence = last, Entries = entries },
                new ComparedUsage { FirstSequence = extent.FirstSequence, LastSequence = extent.LastSequence, Entries = extent.Entries });
        }

        if (extent.Totals != position.Totals)
        {
            yield return new UsageDifference(
                keyId,
                DifferenceKind.Totals,
                new ComparedUsage { LastSequence = position.Sequence, Totals = extent.Totals },
                new ComparedUsage { LastSequence = position.Sequence, Totals = position.Totals });
        }
    }

    private async Task<UsageDifference?> CompareSnapshotAsync(
        string keyId, KeyPosition snapshot, KeyPosition position, LedgerExtent extent)
    {
        // Beyond the ledger there is nothing to compare with, nor before what was dropped: that is only dropped once it is saved.
        var lastSequence = Math.Max(extent.LastSequence, extent.DroppedSequence);
        var sequence = Math.Clamp(snapshot.Sequence, extent.DroppedSequence, lastSequence);
        var newer = await audit.SumEntriesAsync(keyId, sequence, position.Sequence, CancellationToken.None);
        var expected = extent.Totals - newer;
        return snapshot.Sequence == sequence && snapshot.Totals == expected
            ? await CompareWindowsAsync(keyId, DifferenceKind.Snapshot, snapshot)
            : new UsageDifference(
                keyId,
                DifferenceKind.Snapshot,
                new ComparedUsage { LastSequence = sequence, Totals = expected },
                new ComparedUsage { LastSequence = snapshot.Sequence, Totals = snapshot.Totals });
    }

    /// <summary>Compares the windows that are not over, by model. No entry of theirs is ever dropped, but of the one that has no end.</summary>
    private async Task<UsageDifference?> CompareWindowsAsync(string keyId, DifferenceKind kind, KeyPosition counted)
    {
        var now = time.GetUtcNow();
        ImmutableArray<WindowUsage> open = [.. counted.Windows.Where(window => window.End is not { } end || end > now)];
        var expected = await audit.SumSinceAsync(keyId, counted.Sequence, [.. open.Select(static window => window.Start)], CancellationToken.None);
        return WindowComparison.Find(open, expected) is { } found
            ? new UsageDifference(
                keyId,
                kind,
                found.Expected with { LastSequence = counted.Sequence },
                found.Actual with { LastSequence = counted.Sequence })
            : null;
    }

    /// <summary>The directory does not have the key, so that nothing but the ledger can say what it used.</summary>
    private static (long Entries, List<UsageDifference> Differences)? CompareStray(string keyId, LedgerExtent extent) =>
        extent.Entries == 0 && extent.DroppedSequence == 0 && extent.Totals == default
            ? null
            : (extent.Entries,
            [
                new UsageDifference(
                    keyId,
                    DifferenceKind.Key,
                    new ComparedUsage
                    {
                        FirstSequence = extent.FirstSequence,
                        LastSequence = extent.LastSequence,
                        Entries = extent.Entries,
                        Totals = extent.Totals,
                    },
                    new ComparedUsage()),
            ]);

    private async Task<UsageDifference?> FindRollUpDifferenceAsync(string keyId, bool repairs)
    {
        RollUpDifference? found = null;
        for (var look = 0; look < LooksMax; look++)
        {
            found = await audit.FindRollUpDifferenceAsync(keyId, CancellationToken.None);
            if (found is null)
            {
                return null;
            }
        }

        // Of hours whose entries are dropped nothing can be made anew.
        bool? isRepaired = null;
        if (repairs && found!.Hour is not null)
        {
            await audit.RebuildRollUpsAsync(keyId, CancellationToken.None);
            isRepaired = await FindRollUpDifferenceAsync(keyId, repairs: false) is null;
        }

        return new UsageDifference(
            keyId,
            DifferenceKind.Rollups,
            new ComparedUsage { Hour = found!.Hour, Totals = found.Expected },
            new ComparedUsage { Hour = found.Hour, Totals = found.Actual },
            isRepaired);
    }
}
