namespace Relay.Grains.Usage;

/// <summary>Compares what the cluster believes of its keys with the ledger. Any activation on any silo answers the same.</summary>
[Alias("Relay.IUsageVerificationGrain"), GrainInterfaceType("relay.usage-verification")]
public interface IUsageVerificationGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Compares each of the keys' totals, snapshot, hourly sums and sequences with the ledger, while calls go on; with
    /// <paramref name="repairsRollUps"/>, makes hourly sums that differ anew from the ledger. The whole ledger of the keys is read,
    /// which may take minutes. A key that cannot be compared is told with the others' differences.
    /// </summary>
    [Alias("Verify"), ResponseTimeout("00:30:00")]
    Task<UsageVerification> VerifyAsync(ImmutableArray<string> keyIds, bool repairsRollUps);

    /// <summary>The ids, in order and after the given one, of keys that the ledger or its sums have and the directory does not.</summary>
    [Alias("ListStrayKeys"), ResponseTimeout("00:30:00")]
    Task<ImmutableArray<string>> ListStrayKeysAsync(string? after, int limit);
}
