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
            ? new WindowUsage(kind, window.Start, window.End, [.. window.Models.Select(static model => new ModelTotals(model.Model, model.ToTotals()))])
            : new WindowUsage(kind, DateTimeOffset.MinValue, null, [])),
    ];
}
