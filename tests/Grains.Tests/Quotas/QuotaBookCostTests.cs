using CsCheck;
using Relay.Grains.Admission;
using Relay.Grains.Models;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Models;
using Relay.Grains.Usage;
using static Relay.Grains.Tests.Quotas.Calls;

namespace Relay.Grains.Tests.Quotas;

/// <summary>Limits of cost, and what the ways of enforcement do.</summary>
public sealed class QuotaBookCostTests
{
    // Ten input tokens and twenty output tokens hold 10 * 2 + 20 * 3.
    private static readonly PriceBook Priced = Prices.Book(Model, Prices.Price(2, 3));

    [Fact]
    public void Reserve_ALimitOfCost_HoldsTheEstimateAndSettlesTheCost()
    {
        var book = BookOf(Priced, new Limit(Metric.Cost, Window.Month, 100));

        var call = book.Reserve(0, AtSeconds(0)).Hold!.Call;
        Assert.Equal((0, 80, 20), StateOf(book));

        var entry = book.BeginSettle(Draft(call, Tokens(10, 5)) with { Cost = new NanoUsd(35), PricedRequests = 1 }, AtSeconds(1));
        Assert.Equal((0, 35, 65), StateOf(book));

        book.Commit(entry.Sequence);
        Assert.Equal((35, 0, 65), StateOf(book));
        Assert.Equal(new NanoUsd(35), book.Usage(AtSeconds(1)).Totals.Cost);
        var refusal = book.Reserve(1, AtSeconds(2)).Refusal!;
        Assert.Equal((RefusalKind.LimitReached, 80L), (refusal.Kind, refusal.Needed));
    }

    [Fact]
    public void Reserve_UnknownModelUnderALimitOfCost_IsRefusedOrAllowedAsToldTo()
    {
        var limit = new Limit(Metric.Cost, Window.Month, 100, "o*");
        var refuses = BookOf(Priced, limit);
        var allows = BookOf(new PriceBook([PriceTable.Empty]) { RefusesUnknown = false }, limit);

        Assert.Equal(RefusalKind.ModelNotPriced, refuses.Reserve(0, AtSeconds(0), "o3").Refusal!.Kind);
        Assert.NotNull(refuses.Reserve(1, AtSeconds(0), "unknown").Hold);
        Assert.NotNull(allows.Reserve(0, AtSeconds(0), "o3").Hold);
        Assert.Equal(0, allows.Usage(AtSeconds(0)).Limits[0].Held);
    }

    [Fact]
    public void Release_PricesHaveChangedMeanwhile_FreesWhatWasHeld()
    {
        var prices = Priced;
        var book = new QuotaBook(TimeZoneInfo.Utc, HoldTimeout, prices: () => prices) { Limits = [new Limit(Metric.Cost, Window.Day, 100)] };
        var call = book.Reserve(0, AtSeconds(0)).Hold!.Call;

        prices = Prices.Book(Model, Prices.Price(200, 300));
        book.Release(call.RequestId);

        Assert.Equal((0, 0, 100), StateOf(book));
    }

    [Fact]
    public void Rebuild_OfAHold_HoldsItsCostAgain()
    {
        var call = BookOf(Priced).Reserve(0, AtSeconds(0)).Hold!.Call;
        var next = BookOf(Priced, new Limit(Metric.Cost, Window.Day, 100));

        next.Rebuild(new HoldRenewal(call, default), AtSeconds(1));

        Assert.Equal((0, 80, 20), StateOf(next));
    }

    [Theory]
    [InlineData(Metric.Tokens, 40, 30)]
    [InlineData(Metric.OutputTokens, 30, 30)]
    [InlineData(Metric.Cost, 112, 30)]
    public void Reserve_LessLeftThanTheDeclaredCap_IsCappedAtWhatIsLeft(Metric metric, long amount, long expected)
    {
        var book = BookOf(Priced, new Limit(metric, Window.Day, amount, Enforcement: Enforcement.Hard));

        var hold = book.Reserve(0, AtSeconds(0), outputMax: 500).Hold!;

        Assert.Equal((expected, expected), (hold.OutputTokensCap, hold.Call.OutputTokensHeld));
        Assert.NotNull(book.Reserve(1, AtSeconds(0), outputMax: 500).Refusal);
    }

    [Fact]
    public void Reserve_SeveralChoicesUnderAHardLimit_ShareWhatIsLeft()
    {
        var book = BookOf(Priced, new Limit(Metric.Tokens, Window.Day, 41, Enforcement: Enforcement.Hard));

        var hold = book.Reserve(0, AtSeconds(0), outputMax: 500, choices: 3).Hold!;

        Assert.Equal((10, 30), (hold.OutputTokensCap, hold.Call.OutputTokensHeld));
        Assert.Equal(10, book.Reserve(0, AtSeconds(1), outputMax: 500, choices: 3).Hold!.OutputTokensCap);
    }

    [Theory]
    [InlineData(1_000L, 20L, null, 20)]
    [InlineData(1_000L, null, 990L, 990)]
    [InlineData(10_000_000L, null, QuotaBook.OutputTokensUncapped, QuotaBook.OutputTokensUncapped)]
    [InlineData(1_000L, 0L, null, 0)]
    public void Reserve_AHardLimitWithRoom_CapsOnlyWhatIsNotCappedLower(long amount, long? declared, long? cap, long held)
    {
        var book = BookOf(Priced, new Limit(Metric.Tokens, Window.Day, amount, Enforcement: Enforcement.Hard));

        var hold = book.Reserve(0, AtSeconds(0), outputMax: declared).Hold!;

        Assert.Equal((cap, held), (hold.OutputTokensCap, hold.Call.OutputTokensHeld));
    }

    [Fact]
    public void Reserve_NotOneTokenLeftUnderAHardLimit_IsRefused()
    {
        var book = BookOf(Priced, new Limit(Metric.Tokens, Window.Day, 10, Enforcement: Enforcement.Hard));

        Assert.Equal(RefusalKind.LimitReached, book.Reserve(0, AtSeconds(0), outputMax: null).Refusal!.Kind);
        Assert.NotNull(book.Reserve(1, AtSeconds(0), outputMax: null, choices: 0).Hold);
    }

    [Fact]
    public void Reserve_ASoftLimitBesideAHardOne_TakesWhatItHasButNoLessThanTheEstimate()
    {
        var hard = new Limit(Metric.Tokens, Window.Month, 100_000, Enforcement: Enforcement.Hard);
        var roomy = BookOf(Priced, hard, new Limit(Metric.Tokens, Window.Minute, 1_010));
        var tight = BookOf(Priced, hard, new Limit(Metric.Tokens, Window.Minute, 1_010));
        tight.Settle(tight.Reserve(0, AtSeconds(0), outputMax: 1_000).Hold!.Call, Tokens(0, 900), AtSeconds(1));

        Assert.Equal(1_000, roomy.Reserve(0, AtSeconds(0), outputMax: null).Hold!.OutputTokensCap);
        Assert.Equal(Window.Minute, tight.Reserve(1, AtSeconds(2), outputMax: null).Refusal!.Limit!.Limit.Window);
    }

    [Fact]
    public void Reserve_PastALimitThatObserves_IsAdmittedAndTold()
    {
        var limit = new Limit(Metric.Requests, Window.Minute, 1, Enforcement: Enforcement.Observe);
        var book = BookOf(Priced, limit, new Limit(Metric.Cost, Window.Day, 0, "unknown", Enforcement.Observe));

        Assert.Empty(book.Reserve(0, AtSeconds(0)).Observed);
        var second = book.Reserve(1, AtSeconds(1));
        book.Reserve(2, AtSeconds(2));

        Assert.NotNull(second.Hold);
        Assert.Equal(limit, Assert.Single(second.Observed).Limit);
        Assert.Null(book.RateLimit(Metric.Requests, Model, AtSeconds(3)));
        Assert.NotNull(book.Reserve(3, AtSeconds(3), "unknown").Hold);
        Assert.Equal([3, 1], book.Usage(AtSeconds(4)).Limits.Select(static state => state.WouldRefuse));
        Assert.Equal([0, 1], book.Usage(AtSeconds(70)).Limits.Select(static state => state.WouldRefuse));
    }

    [Fact]
    public void AnyCalls_WithinTheirCaps_NeverPassAHardLimit() =>
        Gen.Select(Gen.Long[1, 3_000], Gen.Select(Gen.Long[0, 40], Gen.Long[0, 300].Nullable(), Gen.Int[1, 3], Gen.Bool).Array[1, 30]).Sample((amount, calls) =>
        {
            var book = BookOf(
                Priced,
                new Limit(Metric.Tokens, Window.Day, amount, Enforcement: Enforcement.Hard),
                new Limit(Metric.Cost, Window.Day, amount * 2, Enforcement: Enforcement.Hard));
            foreach (var (number, (input, declared, choices, settles)) in calls.Index())
            {
                if (book.Reserve(number, AtSeconds(number), input: input, outputMax: declared, choices: choices).Hold is { } hold)
                {
                    // What the upstream puts out is capped by the client's cap or by Relay's.
                    var output = (hold.OutputTokensCap ?? declared!.Value) * choices;
                    Assert.True(output <= hold.Call.OutputTokensHeld);
                    if (settles)
                    {
                        var draft = Draft(hold.Call, Tokens(input, output)) with { Cost = new NanoUsd((input * 2) + (output * 3)), PricedRequests = 1 };
                        book.Commit(book.BeginSettle(draft, AtSeconds(number)).Sequence);
                    }
                }

                Assert.All(book.Usage(AtSeconds(number)).Limits, static state => Assert.True(state.Used + state.Held <= state.Limit.Amount));
            }
        });

    private static QuotaBook BookOf(PriceBook prices, params Limit[] limits) =>
        new(TimeZoneInfo.Utc, HoldTimeout, prices: () => prices) { Limits = [.. limits] };

    private static (long Used, long Held, long Remaining) StateOf(QuotaBook book)
    {
        var state = book.Usage(AtSeconds(1)).Limits[0];
        return (state.Used, state.Held, state.Remaining);
    }
}
