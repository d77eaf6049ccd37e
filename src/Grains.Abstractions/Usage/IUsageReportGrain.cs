namespace Relay.Grains.Usage;

/// <summary>Answers reports from the ledger: who used how much. Any activation on any silo answers the same.</summary>
[Alias("Relay.IUsageReportGrain"), GrainInterfaceType("relay.usage-report")]
public interface IUsageReportGrain : IGrainWithIntegerKey
{
    /// <summary>Sums the ledger; rows are ordered by group (ordinal). No row where nothing was used.</summary>
    [Alias("Query"), ResponseTimeout("00:01:00")]
    Task<ImmutableArray<UsageRow>> QueryAsync(UsageQuery query);
}
