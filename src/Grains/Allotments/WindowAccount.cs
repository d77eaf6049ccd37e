using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>
/// A limit's window over all keys, while one transaction has its row: what its keys ask is decided here, one after the other. It does no I/O, so that every store
/// decides the same.
/// </summary>
/// <param name="allotted">The sum of all ceilings.</param>
/// <param name="used">The sum of what keys have told to have used.</param>
/// <param name="warned">The highest share that was told of, in percent; 0 for none.</param>
public sealed class WindowAccount(long allotted, long used, int warned)
{
    /// <summary>The sum of all ceilings.</summary>
    public long Allotted { get; private set; } = allotted;

    /// <summary>The sum of what keys have told to have used, in the limit's unit.</summary>
    public long Used { get; private set; } = used;

    /// <summary>The highest share that was told of, in percent; 0 for none.</summary>
    public int Warned { get; private set; } = warned;

    /// <summary>Calls that the limit would have refused, told by the asks that were decided here.</summary>
    public long WouldRefuse { get; private set; }

    /// <summary>Whether anything is to be written.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Decides one ask.</summary>
    /// <param name="ask">The ask.</param>
    /// <param name="current">What the key has.</param>
    /// <param name="warnAt">The shares to tell of, in percent and ascending.</param>
    /// <returns>What the key has from now on, what it is answered, and what is to be told.</returns>
    public (Allotment Row, RoomAnswer Answer, LimitWarning? Warning) Decide(RoomAsk ask, Allotment current, IReadOnlyList<int> warnAt)
    {
        var row = current with { Ceiling = Allotting.Decide(ask, Allotted, current.Ceiling), Used = ask.Used };
        IsChanged |= row != current || ask.WouldRefuse > 0;
        Allotted += row.Ceiling - current.Ceiling;
        Used += row.Used - current.Used;
        WouldRefuse += ask.WouldRefuse;
        var answer = new RoomAnswer(row.Ceiling, Math.Max(ask.Amount - Allotted, 0), Allotted > ask.Amount);
        return (row, answer, ask.KnowsAmount ? Warn(ask, warnAt) : null);
    }

    private LimitWarning? Warn(RoomAsk ask, IReadOnlyList<int> warnAt)
    {
        if (ask.Limit.Metric == Metric.Concurrency || ask.Amount == 0)
        {
            return null;
        }

        var reached = LimitWarning.ReachedOf(warnAt, Used, ask.Amount);
        if (reached <= Warned)
        {
            return null;
        }

        Warned = reached;
        IsChanged = true;
        var limit = new Limit(ask.Limit.Metric, ask.Limit.Window, ask.Amount, ask.Limit.Model, ask.Limit.Enforcement);
        return new LimitWarning(ask.Limit.Account.Level, ask.Limit.Account.Id, limit, reached, Used, ask.Window.End);
    }
}
