using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>
/// The tables of what keys have been allotted: for each limit and window the sum, and a row for each key. A key's row is changed only by its owner, in one
/// transaction with the sum; so there is no message that could be lost, late or repeated between two who each believe something.
/// </summary>
public interface IAllotmentStore
{
    /// <summary>Answers asks of keys that one silo owns, each whole or not at all, all in one transaction. When it throws, nobody knows what was done.</summary>
    /// <param name="asks">The asks, of each key once.</param>
    /// <param name="warnAt">The shares of a limit, in percent and ascending, of which is told when they are used up.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task<IReadOnlyList<KeyAnswer>> AskAsync(IReadOnlyList<KeyAsk> asks, IReadOnlyList<int> warnAt, CancellationToken cancellationToken);

    /// <summary>Begins a limit's window with what keys have used in it, unless it has begun; forgets windows of that limit that are long over.</summary>
    Task OpenAsync(LimitKey limit, WindowBounds window, IReadOnlyList<Allotment> used, CancellationToken cancellationToken);

    /// <summary>The sum; null while the window has not begun.</summary>
    Task<AllotmentSums?> FindAsync(LimitKey limit, DateTimeOffset windowEnd, CancellationToken cancellationToken);

    /// <summary>The keys that have more of a limit than they had used when they last told, or, for concurrency, anything.</summary>
    Task<IReadOnlyList<Allotment>> ListUnusedAsync(LimitKey limit, DateTimeOffset windowEnd, CancellationToken cancellationToken);
}
