using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Ledger;
using Relay.Grains.Tests.Models;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;
using Relay.Testing;
using static Relay.Grains.Tests.Quotas.Calls;

namespace Relay.Grains.Tests.Keys;

/// <summary>What new prices do to calls that are booked already.</summary>
public sealed class KeyCallsRepriceTests : IAsyncDisposable
{
    private static readonly KeySettings Settings = new()
    {
        Id = "key_0000000000000000",
        Name = "test",
        User = "ann",
        Hash = default,
        Hint = "",
        CreatedAt = Noon,
    };

    private static readonly Repricing All = new() { From = Noon.AddDays(-1), To = Noon.AddDays(1) };
    private static readonly PriceBook Cheap = Prices.Book(Model, Prices.Price(2, 3));
    private static readonly PriceBook Dear = Prices.Book(Model, Prices.Price(20, 30));

    private readonly MemoryLedger _ledger = new();
    private readonly LedgerWriter _writer;
    private readonly CurrentPrices _prices = new(Cheap);
    private readonly QuotaBook _book;
    private readonly KeyCalls _calls;
    private Instant _now = AtSeconds(0);

    public KeyCallsRepriceTests()
    {
        _book = new QuotaBook(TimeZoneInfo.Utc, HoldTimeout, prices: () => _prices.Book)
        {
            Limits = [new Limit(Metric.Cost, Window.Minute, 1_000), new Limit(Metric.Cost, Window.Total, 1_000)],
        };
        _writer = new LedgerWriter(_ledger, Options.Create(new LedgerOptions { GatherMilliseconds = 0 }), new JumpingClock(), NullLogger<LedgerWriter>.Instance);
        _writer.Start();
        _calls = new KeyCalls(_book, _ledger, _writer, _prices, () => _now, NullLogger.Instance)
        {
            KeyId = Settings.Id,
            SteppedDown = static exception => Assert.Fail(exception.Message),
            Committed = static () => { },
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.StopAsync(default);
        _writer.Dispose();
    }

    [Fact]
    public async Task Reprice_ANewPrice_BooksTheDifferenceOnceInTheCallsOwnWindow()
    {
        var call = await SettleAsync(1);
        _now = AtSeconds(90);
        _prices.Book = Dear;

        var first = await _calls.RepriceAsync(All);
        var second = await _calls.RepriceAsync(All);

        Assert.Equal(new RepricedCalls(1, false, 1, 1, new NanoUsd(369)), first);
        Assert.Equal(new RepricedCalls(1, false, 1, 0, default), second);
        var correction = _ledger.Entries[1];
        Assert.Equal((2, 0, 0, new NanoUsd(369)), (correction.Part, correction.Requests, correction.PricedRequests, correction.Cost));
        Assert.Equal((call, default), (correction.Settlement.Call, correction.Settlement.Usage));
        Assert.Equal([0, 410], _book.Usage(_now).Limits.Select(static limit => limit.Used));
        Assert.Equal(new UsageTotals(1, Tokens(10, 7)) { PricedCost = new NanoUsd(410), PricedRequests = 1 }, _calls.GetPosition().Totals);
    }

    [Fact]
    public async Task Reprice_ThereAndBack_EndsAtTheFirstCost()
    {
        await SettleAsync(1);
        foreach (var book in new[] { Dear, Cheap, Dear, Cheap })
        {
            _prices.Book = book;
            await _calls.RepriceAsync(All);
        }

        Assert.Equal(new NanoUsd(41), _calls.GetPosition().Totals.Cost);
        Assert.Equal([0, 2, 3, 4], _ledger.Entries.Select(static entry => entry.Part).Take(4));
    }

    [Fact]
    public async Task Reprice_AnUnpricedCall_GivesItAPriceAndOnePricedIsNotUnpriced()
    {
        _prices.Book = PriceBook.Empty;
        _book.Limits = [];
        await SettleAsync(1);
        Assert.Null(_calls.GetPosition().Totals.Cost);

        _prices.Book = Cheap;
        await _calls.RepriceAsync(All);
        _prices.Book = PriceBook.Empty;
        await _calls.RepriceAsync(All);

        Assert.Equal((new NanoUsd(41), 1), (_calls.GetPosition().Totals.Cost, (int)_calls.GetPosition().Totals.PricedRequests));
    }

    [Fact]
    public async Task Reprice_AFreeCall_IsPricedOnceAsWell()
    {
        _prices.Book = PriceBook.Empty;
        _book.Limits = [];
        await SettleAsync(1);
        _prices.Book = Prices.Book(Model, Prices.Price(0, 0));

        Assert.Equal(1, (await _calls.RepriceAsync(All)).Corrections);
        Assert.Equal(0, (await _calls.RepriceAsync(All)).Corrections);
        Assert.Equal(default(NanoUsd), _calls.GetPosition().Totals.Cost);
    }

    [Fact]
    public async Task Settle_AfterAnExpiryThatWasRepriced_EndsAtTheCostOfTheWholeCall()
    {
        var call = _book.Reserve(1, _now).Hold!.Call;
        _now = AtSeconds(30);
        await _calls.ExpireAsync(Settings);
        _prices.Book = Dear;
        await _calls.RepriceAsync(All);
        Assert.Equal(new NanoUsd(200), _calls.GetPosition().Totals.Cost);

        await _calls.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));
        await _calls.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));

        Assert.Equal(new UsageTotals(1, Tokens(10, 7)) { PricedCost = new NanoUsd(410), PricedRequests = 1 }, _calls.GetPosition().Totals);
        Assert.Equal(0, (await _calls.RepriceAsync(All)).Corrections);
    }

    [Fact]
    public async Task Release_AfterAnExpiryThatWasRepriced_LeavesNothing()
    {
        var call = _book.Reserve(1, _now).Hold!.Call;
        _now = AtSeconds(30);
        await _calls.ExpireAsync(Settings);
        _prices.Book = Dear;
        await _calls.RepriceAsync(All);

        await _calls.ReleaseAsync(call.RequestId);

        Assert.Equal(default, _calls.GetPosition().Totals);
        Assert.Equal(0, (await _calls.RepriceAsync(All)).Corrections);
    }

    [Fact]
    public async Task Reprice_OtherPeriodsAndModels_StayAsTheyAre()
    {
        await SettleAsync(1);
        _prices.Book = Dear;

        Assert.Equal(0, (await _calls.RepriceAsync(All with { From = Noon.AddMilliseconds(1) })).Calls);
        Assert.Equal(0, (await _calls.RepriceAsync(All with { To = Noon })).Calls);
        Assert.Equal(0, (await _calls.RepriceAsync(All with { Model = "o*" })).Calls);
        Assert.Equal(0, (await _calls.RepriceAsync(All with { AfterSequence = 1 })).Calls);
        Assert.Equal(1, (await _calls.RepriceAsync(All with { Model = "gpt-*" })).Corrections);
    }

    [Fact]
    public async Task Reprice_ManyCallsInSteps_CorrectsEach()
    {
        _book.Limits = [];
        for (var call = 0; call < 450; call++)
        {
            await SettleAsync(call);
        }

        _prices.Book = Dear;
        var (step, corrections) = (All, 0);
        RepricedCalls done;
        do
        {
            var next = step;
            done = await OneAtATimeAsync(() => _calls.RepriceAsync(next));
            corrections += done.Corrections;
            step = step with { AfterSequence = done.LastSequence };
        }
        while (done.HasMore);

        Assert.Equal(450, corrections);
        Assert.Equal(new NanoUsd(450 * 410), _calls.GetPosition().Totals.Cost);
    }

    /// <summary>As a grain runs: many things wait at once, but never two go on at the same time.</summary>
    private static Task<T> OneAtATimeAsync<T>(Func<Task<T>> work) => Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap();

    private async Task<Relay.Grains.Admission.CallFacts> SettleAsync(int number)
    {
        var call = _book.Reserve(number, _now).Hold!.Call;
        await _calls.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));
        return call;
    }
}
