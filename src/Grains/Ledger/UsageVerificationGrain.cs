using Orleans.Concurrency;
using Relay.Grains.Keys;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <inheritdoc cref="IUsageVerificationGrain" />
[StatelessWorker]
internal sealed class UsageVerificationGrain(IUsageAudit audit) : Grain, IUsageVerificationGrain
{
    // A server that reads without a snapshot may show the tables while they move. What differs in truth does so every time.
    private const int LooksMax = 3;

    /// <inheritdoc />
    public async Task<UsageVerification> VerifyAsync(ImmutableArray<string> keyIds, bool repairsRollUps)
    {
        var keys = 0;
        var entries = 0L;
        var differences = ImmutableArray.CreateBuilder<UsageDifference>();
        foreach (var keyId in keyIds)
        {
            if (await CompareAsync(keyId) is not { } compared)
            {
                continue;
            }

            keys++;
            entries += compared.Entries;
            differences.AddRange(compared.Differences);
            if (await FindRollUpDifferenceAsync(keyId, repairsRollUps) is { } difference)
            {
                differences.Add(difference);
            }
        }

        return new UsageVerification(keys, entries, differences.DrainToImmutable());
    }

    /// <summary>Compares the ledger with what a key's grain has counted and saved; null when there is no such key.</summary>
    private async Task<(long Entries, List<UsageDifference> Differences)?> CompareAsync(string keyId)
    {
        var key = GrainFactory.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId));
        for (var look = 1; ; look++)
        {
            // In this order: each has all that the one before it had by then, and what came since is left out.
            var snapshot = await key.GetSnapshotAsync();
            if (await GetPositionAsync(key) is not { } position)
            {
                return null;
            }

            var extent = await audit.ReadExtentAsync(keyId, position.Sequence, CancellationToken.None);
            var differences = Compare(keyId, position, extent).ToList();
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
        var expected = new KeyPosition(sequence, extent.Totals - newer);
        return snapshot == expected
            ? null
            : new UsageDifference(
                keyId,
                DifferenceKind.Snapshot,
                new ComparedUsage { LastSequence = expected.Sequence, Totals = expected.Totals },
                new ComparedUsage { LastSequence = snapshot.Sequence, Totals = snapshot.Totals });
    }

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
        var isRepaired = repairs && found!.Hour is not null;
        if (isRepaired)
        {
            await audit.RebuildRollUpsAsync(keyId, CancellationToken.None);
        }

        return new UsageDifference(
            keyId,
            DifferenceKind.Rollups,
            new ComparedUsage { Hour = found!.Hour, Totals = found.Expected },
            new ComparedUsage { Hour = found.Hour, Totals = found.Actual },
            isRepaired ? true : null);
    }

    /// <summary>An activation that is about to end refuses; the one after it answers.</summary>
    private static async Task<KeyPosition?> GetPositionAsync(IKeyGrain key)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await key.GetPositionAsync();
            }
            catch (StaleActivationException) when (attempt < LooksMax)
            {
            }
        }
    }
}
