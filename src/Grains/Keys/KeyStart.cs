using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>From where an activation counts: a state, and the ledger's entries after it.</summary>
/// <param name="State">The snapshot or, when it is lost or too old, what retention carries forward.</param>
/// <param name="Tail">The entries after it, in order and without a gap.</param>
internal sealed record KeyStart(QuotaBookState State, IReadOnlyList<UsageEntry> Tail)
{
    /// <summary>Reads what there is after a snapshot, which may be an empty one.</summary>
    public static async Task<KeyStart> ReadAsync(
        QuotaBookState saved, IUsageLedger ledger, string keyId, CancellationToken cancellationToken)
    {
        var state = saved;
        while (true)
        {
            // In this order: what is not dropped after the tail was read was not dropped while it was read.
            var tail = await ledger.ReadTailAsync(keyId, state.Sequence, cancellationToken);
            var carried = await ledger.ReadCarriedAsync(keyId, cancellationToken);
            if (carried is null || carried.Sequence <= state.Sequence)
            {
                return new KeyStart(state, tail);
            }

            state = After(saved, carried);
        }
    }

    /// <summary>No entry is dropped before its month is over, so that of all windows only the total one reaches back to it.</summary>
    private static QuotaBookState After(QuotaBookState saved, CarriedUsage carried) => saved with
    {
        Sequence = carried.Sequence,
        LastUsedAt = saved.LastUsedAt is { } last && last > carried.ReservedUntil ? last : carried.ReservedUntil,
        Windows = [new WindowState { Window = Window.Total, Start = DateTimeOffset.MinValue, End = null, Models = ModelsOf(carried) }],
    };

    /// <summary>The busiest models by name, as many as a window tells apart, and the others together. Nobody knows any more whose calls they were.</summary>
    private static List<ModelState> ModelsOf(CarriedUsage carried)
    {
        var models = carried.ByModel
            .OrderByDescending(static model => model.Totals.Requests)
            .ThenBy(static model => model.Model, StringComparer.Ordinal)
            .ToList();
        var others = models.Skip(WindowCounts.ModelsMax).Aggregate(default(UsageTotals), static (sum, model) => sum + model.Totals);
        var named = models.Take(WindowCounts.ModelsMax).Select(static model => ModelState.Of(default, model.Model, model.Totals)).ToList();
        return others == default ? named : [.. named, ModelState.Of(default, WindowCounts.OtherModels, others)];
    }
}
