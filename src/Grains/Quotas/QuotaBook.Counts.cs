using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <content>The counters of calls.</content>
internal sealed partial class QuotaBook
{
    // Most calls of a key are of the same owner and model.
    private CountRow? _row;

    private WindowCounts CountsOf(Window window) => _windows[(int)window];

    private static CallOwner OwnerOf(CallFacts call) => new(call.User, call.Team);

    /// <summary>Whose an entry is was decided when its first part was written.</summary>
    private static CallOwner OwnerOf(UsageEntry entry) => new(entry.User, entry.Team);

    /// <summary>Adds to the counters to which a call belongs: not to those of windows that have begun since its reserve.</summary>
    private void Change(CallFacts call, CallOwner owner, Amounts held = default, Amounts pending = default, UsageTotals used = default)
    {
        if (_row is null || !_row.IsOf(owner, call.Model))
        {
            _row = new CountRow(owner, call.Model, _windows.Length);
        }

        for (var i = 0; i < _windows.Length; i++)
        {
            if (_windows[i].Contains(call.ReservedAt))
            {
                _row.In(_windows[i], i).Add(held, pending, used);
            }
        }
    }

    /// <summary>What the ledger has of a limit of the key's own, and what calls in flight hold or is on its way there.</summary>
    private (long Used, long Held) TakenOf(Limit limit) =>
        limit.Metric == Metric.Concurrency ? (0, HoldsOf(limit.Model)) : CountsOf(limit.Window).Taken(limit.Metric, limit.Model, account: null);

    /// <summary>The counters of one owner and model, one for each window that was asked for. Once a window begins anew it is of no use.</summary>
    private sealed class CountRow(CallOwner owner, string model, int windows)
    {
        private readonly ModelCount?[] _counts = new ModelCount?[windows];

        public bool IsOf(CallOwner other, string otherModel) => owner == other && string.Equals(model, otherModel, StringComparison.Ordinal);

        public ModelCount In(WindowCounts window, int index) => _counts[index] ??= window.CountOf(owner, model);
    }
}
