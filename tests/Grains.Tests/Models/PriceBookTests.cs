using Relay.Grains.Models;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;
using static Relay.Grains.Tests.Models.Prices;

namespace Relay.Grains.Tests.Models;

public sealed class PriceBookTests
{
    private static readonly DateTimeOffset March = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("gpt-4o", 1)]
    [InlineData("gpt-4o-mini", 2)]
    [InlineData("gpt-4o-mini-2024", 2)]
    [InlineData("gpt-4o-2024", 3)]
    [InlineData("o3", 4)]
    [InlineData("GPT-4o", 4)]
    public void Find_SeveralPatterns_TakesTheLongest(string model, long input)
    {
        var table = new PriceTable([("*", Price(4, 0)), ("gpt-4o*", Price(3, 0)), ("gpt-4o", Price(1, 0)), ("gpt-4o-mini*", Price(2, 0))]);

        Assert.Equal(input * 1_000_000, new PriceBook([table]).Find(model, March)!.Input);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 2)]
    [InlineData(40_000, 2)]
    public void Find_APriceThatChanges_HoldsFromItsDateOn(int minutes, long input)
    {
        var book = new PriceBook([new PriceTable([("m", Price(2, 0, March)), ("m", Price(1, 0, March.AddYears(-1)))])]);

        Assert.Equal(input * 1_000_000, book.Find("m", March.AddMinutes(minutes))!.Input);
    }

    [Fact]
    public void Find_BeforeAPatternsFirstDate_AsksTheNextPattern()
    {
        var book = new PriceBook([new PriceTable([("m-1", Price(2, 0, March)), ("m*", Price(1, 0))])]);

        Assert.Equal(1_000_000, book.Find("m-1", March.AddTicks(-1))!.Input);
        Assert.Null(book.Find("n", March));
    }

    [Fact]
    public void Find_TwoTables_TheFirstOutranksTheSecond()
    {
        var book = new PriceBook([new PriceTable([("gpt-*", Price(1, 0))]), new PriceTable([("gpt-4o", Price(2, 0)), ("o3", Price(3, 0))])]);

        Assert.Equal(1_000_000, book.Find("gpt-4o", March)!.Input);
        Assert.Equal(3_000_000, book.Find("o3", March)!.Input);
    }

    [Theory]
    [InlineData("known", "other", 30)]
    [InlineData("deployment", "other", 70)]
    [InlineData("deployment", null, null)]
    public void CostOf_TheModelThatWasAskedFor_ElseTheOneThatAnswered(string model, string? actual, int? expected)
    {
        var book = new PriceBook([new PriceTable([("known", Price(3, 0)), ("other", Price(7, 0))])]);
        var call = Calls.Book().Reserve(1, Calls.AtSeconds(0), model).Hold!.Call;

        var cost = book.CostOf(Calls.Settlement(call, Calls.Tokens(10, 5)) with { ModelActual = actual });

        Assert.Equal(expected, (int?)cost?.Value);
    }

    [Theory]
    [InlineData(200, 5)]
    [InlineData(429, 0)]
    public void CostOf_PerCall_IsNotChargedForARefusal(int status, long expected)
    {
        var book = Book("gpt-4o", new ModelPrice { From = default, PerCall = 5_000_000 });
        var call = Calls.Book().Reserve(1, Calls.AtSeconds(0)).Hold!.Call;

        Assert.Equal(new NanoUsd(expected), book.CostOf(Calls.Settlement(call, default) with { HttpStatus = status }));
    }
}
