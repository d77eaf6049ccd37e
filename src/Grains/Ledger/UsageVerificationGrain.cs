using Orleans.Concurrency;
using Relay.Grains.Keys;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <inheritdoc cref="IUsageVerificationGrain" />
[StatelessWorker]
internal sealed class UsageVerificationGrain(IUsageAudit audit) : Grain, IUsageVerificationGrain
{
    // A server that reads without a snapshot may show the sums while they move. What differs in truth does so every time.
    private const int LooksMax = 3;

    /// <inheritdoc />
    public async Task<UsageVerification> VerifyAsync(ImmutableArray<string> keyIds, bool repairsRollUps)
    {
        var keys = 0;
        var entries = 0L;
        var differences = ImmutableArray.CreateBuilder<UsageDifference>();
        foreach (var keyId in keyIds)
        {
            if (await GetPositionAsync(keyId) is not { } position)
            {
                continue;
            }

            // The ledger is asked after the grain: it has all that the grain had counted by then, and what came since is left out.
            var extent = await audit.ReadExtentAsync(keyId, position.Sequence, CancellationToken.None);
            keys++;
            entries += extent.Entries;
            differences.AddRange(Compare(keyId, position, extent));
            if (await FindRollUpDifferenceAsync(keyId, repairsRollUps) is { } difference)
            {
                differences.Add(difference);
            }
        }

        return new UsageVerification(keys, entries, differences.DrainToImmutable());
    }

    private static IEnumerable<UsageDifference> Compare(string keyId, KeyPosition position, LedgerExtent extent)
    {
        var first = position.Sequence == 0 ? 0 : 1;
        if (extent.Entries != position.Sequence || extent.FirstSequence != first || extent.LastSequence != position.Sequence)
        {
            yield return new UsageDifference(
                keyId,
                DifferenceKind.Sequence,
                new ComparedUsage { FirstSequence = first, LastSequence = position.Sequence, Entries = position.Sequence },
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

        if (repairs)
        {
            await audit.RebuildRollUpsAsync(keyId, CancellationToken.None);
        }

        return new UsageDifference(
            keyId,
            DifferenceKind.Rollups,
            new ComparedUsage { Hour = found!.Hour, Totals = found.Expected },
            new ComparedUsage { Hour = found.Hour, Totals = found.Actual },
            repairs ? true : null);
    }

    /// <summary>An activation that is about to end refuses; the one after it answers.</summary>
    private async Task<KeyPosition?> GetPositionAsync(string keyId)
    {
        var key = GrainFactory.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId));
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
