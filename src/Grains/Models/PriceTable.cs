using System.Collections.Frozen;
using Relay.Grains.Quotas;

namespace Relay.Grains.Models;

/// <summary>
/// Prices by model pattern and date. Of the patterns that match a model and have a price at an instant, the one with the most
/// characters besides its <c>*</c> counts; among as long ones, one without a <c>*</c>, else the first in ordinal order.
/// </summary>
public sealed class PriceTable
{
    /// <summary>A table of no models.</summary>
    public static readonly PriceTable Empty = new([]);

    private readonly FrozenDictionary<string, ImmutableArray<ModelPrice>> _exact;
    private readonly ImmutableArray<(string Pattern, ImmutableArray<ModelPrice> Prices)> _patterns;

    /// <summary>Makes a table of pairs, in any order.</summary>
    internal PriceTable(IEnumerable<(string Pattern, ModelPrice Price)> prices)
    {
        var byPattern = prices
            .GroupBy(static pair => pair.Pattern, static pair => pair.Price, StringComparer.Ordinal)
            .Select(static group => (Pattern: group.Key, Prices: group.OrderByDescending(static price => price.From).ToImmutableArray()))
            .ToList();
        _exact = byPattern
            .Where(static pair => !IsOpen(pair.Pattern))
            .ToFrozenDictionary(static pair => pair.Pattern, static pair => pair.Prices, StringComparer.Ordinal);
        _patterns =
        [
            .. byPattern
                .Where(static pair => IsOpen(pair.Pattern))
                .OrderByDescending(static pair => pair.Pattern.Count(static character => character != '*'))
                .ThenBy(static pair => pair.Pattern, StringComparer.Ordinal),
        ];
    }

    /// <summary>A model's price at an instant, or null.</summary>
    internal ModelPrice? Find(string model, DateTimeOffset at)
    {
        // A name without a star is at least as long as any pattern that matches it.
        if (_exact.TryGetValue(model, out var exact) && At(exact, at) is { } price)
        {
            return price;
        }

        foreach (var (pattern, prices) in _patterns)
        {
            if (ModelPattern.Matches(pattern, model) && At(prices, at) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static bool IsOpen(string pattern) => pattern.Contains('*', StringComparison.Ordinal);

    private static ModelPrice? At(ImmutableArray<ModelPrice> newestFirst, DateTimeOffset at)
    {
        foreach (var price in newestFirst)
        {
            if (price.From <= at)
            {
                return price;
            }
        }

        return null;
    }
}
