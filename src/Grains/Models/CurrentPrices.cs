namespace Relay.Grains.Models;

/// <summary>The prices by which a silo's grains price now.</summary>
public sealed class CurrentPrices(PriceBook book)
{
    private volatile PriceBook _book = book;

    /// <summary>The book; another one after a reload.</summary>
    public PriceBook Book
    {
        get => _book;
        set => _book = value;
    }
}
