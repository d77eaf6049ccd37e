using Relay.Grains.Keys;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>Compares the windows that a key's grain has counted with what the ledger gives for them.</summary>
internal static class WindowComparison
{
    /// <summary>The first window, and its first model, that differs; null when all are right.</summary>
    /// <param name="windows">What was counted.</param>
    /// <param name="expected">What follows from the ledger, in the same order.</param>
    public static (ComparedUsage Expected, ComparedUsage Actual)? Find(
        ImmutableArray<WindowUsage> windows, IReadOnlyList<IReadOnlyList<ModelTotals>> expected)
    {
        for (var i = 0; i < windows.Length; i++)
        {
            if (Find(windows[i], expected[i]) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    private static (ComparedUsage Expected, ComparedUsage Actual)? Find(WindowUsage window, IReadOnlyList<ModelTotals> expected)
    {
        // Which models are booked together depends on the order in which they came, so that only the sum of all can be compared.
        if (window.ByModel.Any(static model => string.Equals(model.Model, WindowCounts.OtherModels, StringComparison.Ordinal)))
        {
            return Differ(window.Window, null, SumOf(expected), SumOf(window.ByModel));
        }

        return expected.Concat(window.ByModel)
            .Select(static model => model.Model)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Select(model => Differ(window.Window, model, SumOf(expected, model), SumOf(window.ByModel, model)))
            .FirstOrDefault(static difference => difference is not null);
    }

    private static (ComparedUsage Expected, ComparedUsage Actual)? Differ(Window window, string? model, UsageTotals expected, UsageTotals actual) =>
        expected == actual
            ? null
            : (new ComparedUsage { Window = window, Model = model, Totals = expected }, new ComparedUsage { Window = window, Model = model, Totals = actual });

    private static UsageTotals SumOf(IEnumerable<ModelTotals> models, string? only = null) => models
        .Where(model => only is null || string.Equals(model.Model, only, StringComparison.Ordinal))
        .Aggregate(default(UsageTotals), static (sum, model) => sum + model.Totals);
}
