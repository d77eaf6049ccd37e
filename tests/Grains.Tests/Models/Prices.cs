using Relay.Grains.Models;

namespace Relay.Grains.Tests.Models;

/// <summary>Makes prices where a test does not care about most of it; amounts are billionths of a dollar for one token.</summary>
internal static class Prices
{
    public static ModelPrice Price(long input, long output, DateTimeOffset? from = null) => new()
    {
        From = from ?? DateTimeOffset.MinValue,
        Input = input * 1_000_000,
        Output = output * 1_000_000,
    };

    public static PriceBook Book(string pattern, ModelPrice price) => new([new PriceTable([(pattern, price)])]);
}
