using Relay.Grains.Ledger;
using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>
/// Takes back what the keys of one account have been allotted and do not use. Its grain key is <see cref="Accounts.AccountId.ToGrainKey"/>. It keeps
/// nothing: the allotments are in the database, and only a key's own grain changes the key's.
/// </summary>
[Alias("Relay.IAllotmentGrain"), GrainInterfaceType("relay.allotment")]
public interface IAllotmentGrain : IGrainWithStringKey
{
    /// <summary>Takes back, in one pass that begins after this was asked, what no key uses of a limit in the window that ends then.</summary>
    [Alias("Recall"), ResponseTimeout("00:00:30")]
    Task<RecalledRoom> RecallAsync(LimitKey limit, DateTimeOffset windowEnd);

    /// <summary>Takes back what is allotted beyond the account's limits as they are now.</summary>
    /// <exception cref="StaleActivationException">Some key that may have more than the limit leaves did not answer; the same call may be tried again.</exception>
    [Alias("ApplyLimits"), ResponseTimeout("00:00:50")]
    Task ApplyLimitsAsync();

    /// <summary>The state of each of the account's limits, in their order.</summary>
    [Alias("GetLimits"), ResponseTimeout("00:00:30")]
    Task<ImmutableArray<LimitUsage>> GetLimitsAsync();
}
