using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>The windows of a book's copy, for a comparison with the ledger.</summary>
internal static class CountedWindows
{
    /// <summary>One of each kind. A kind that the copy does not have has counted nothing, ever.</summary>
    public static ImmutableArray<WindowUsage> Of(QuotaBookState book) =>
    [
        .. Enum.GetValues<Window>().Select(kind => book.Windows.Find(window => window.Window == kind) is { } window
            ? new WindowUsage(kind, window.Start, window.End, ByModel(window))
            : new WindowUsage(kind, DateTimeOffset.MinValue, null, [])),
    ];

    private static ImmutableArray<ModelTotals> ByModel(WindowState window) =>
    [
        .. window.Models
            .GroupBy(static model => model.Model, static model => model.ToTotals(), StringComparer.Ordinal)
            .Select(static group => new ModelTotals(group.Key, group.Aggregate(static (sum, one) => sum + one))),
    ];
}
