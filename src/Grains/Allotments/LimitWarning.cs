using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>Tells that a share of a limit is used up.</summary>
/// <param name="Level">Where the limit is set.</param>
/// <param name="OwnerId">The id of the key, the user, the team or the organization.</param>
/// <param name="Limit">The limit.</param>
/// <param name="Percent">The share, 1 to 100.</param>
/// <param name="Used">What is used, in the limit's unit.</param>
/// <param name="ResetsAt">When the limit begins anew, or null.</param>
public sealed record LimitWarning(Level Level, string OwnerId, Limit Limit, int Percent, long Used, DateTimeOffset? ResetsAt)
{
    /// <summary>The highest of the shares, in percent and ascending, that is used up of an amount above 0; 0 for none.</summary>
    public static int ReachedOf(IReadOnlyList<int> shares, long used, long amount)
    {
        var reached = 0;
        for (var i = 0; i < shares.Count; i++)
        {
            reached = (Int128)used * 100 >= (Int128)amount * shares[i] ? shares[i] : reached;
        }

        return reached;
    }
}
