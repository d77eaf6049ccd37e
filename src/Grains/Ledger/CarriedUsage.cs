using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>The entries of a key that retention has dropped, in sum: always its first ones, without a gap.</summary>
/// <param name="Sequence">The newest of them, 1 or more.</param>
/// <param name="ReservedUntil">When the latest of their calls was reserved, in whole milliseconds.</param>
/// <param name="ByModel">Their sums by requested model, in no particular order.</param>
public sealed record CarriedUsage(long Sequence, DateTimeOffset ReservedUntil, ImmutableArray<ModelTotals> ByModel)
{
    /// <summary>
    /// Whether a call that the ledger does not show may be among them. It needs no clock and no setting, so that it stays right when
    /// those change.
    /// </summary>
    public bool MayInclude(CallFacts call) => call.ReservedAt < ReservedUntil.AddMilliseconds(1);
}
