using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Grains.Admission;
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

public sealed class KeyCallsTests : IAsyncDisposable
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

    private readonly MemoryLedger _ledger = new();
    private readonly LedgerOptions _options = new() { GatherMilliseconds = 0 };
    private readonly List<LedgerWriter> _writers = [];
    private readonly CurrentPrices _prices = new(PriceBook.Empty);
    private Instant _now = AtSeconds(0);
    private int _stepsDown;

    public async ValueTask DisposeAsync()
    {
        foreach (var writer in _writers)
        {
            await writer.StopAsync(default);
            writer.Dispose();
        }
    }

    [Fact]
    public async Task Settle_TwiceAtOnceAndOnceMore_WritesOneEntry()
    {
        var (book, calls) = Activate();
        var settlement = Settlement(Hold(book, 1), Tokens(10, 7));

        await Task.WhenAll(calls.SettleAsync(Settings, settlement), calls.SettleAsync(Settings, settlement));
        await calls.SettleAsync(Settings, settlement);

        Assert.Single(_ledger.Entries);
        Assert.Equal(new KeyPosition(1, new UsageTotals(1, Tokens(10, 7))), calls.GetPosition());
    }

    [Fact]
    public async Task Settle_AgainWhileTheFirstIsNotCommitted_WaitsForTheSameCommit()
    {
        var (book, calls) = Activate(starts: false);
        var settlement = Settlement(Hold(book, 1), Tokens(10, 7));
        var first = calls.SettleAsync(Settings, settlement);

        var again = calls.SettleAsync(Settings, settlement);

        Assert.False(again.IsCompleted);
        Assert.Equal(0, calls.GetPosition().Sequence);
        _writers[0].Start();
        await Task.WhenAll(first, again);
        Assert.Single(_ledger.Entries);
    }

    [Fact]
    public async Task Settle_CrashBetweenBookAndCommit_IsCountedOnceByTheNextActivation()
    {
        var (book, crashed) = Activate(starts: false);
        var settlement = Settlement(Hold(book, 1), Tokens(10, 7));
        var lost = crashed.SettleAsync(Settings, settlement);
        var (_, next) = Activate();

        await next.SettleAsync(Settings, settlement);

        Assert.False(lost.IsCompleted);
        Assert.Single(_ledger.Entries);
        Assert.Equal(new UsageTotals(1, Tokens(10, 7)), next.GetPosition().Totals);

        // And if the crashed silo was only stopped, its entry turns out to be the same one.
        _writers[0].Start();
        await lost;
        Assert.Single(_ledger.Entries);
    }

    [Fact]
    public async Task Settle_AtAStaleActivation_IsRefusedThereAndTakenByTheNext()
    {
        var (staleBook, stale) = Activate();
        var (book, owner) = Activate();
        var settlement = Settlement(Hold(staleBook, 1), Tokens(10, 7));
        await owner.SettleAsync(Settings, Settlement(Hold(book, 2), Tokens(10, 8)));

        await Assert.ThrowsAsync<StaleActivationException>(() => stale.SettleAsync(Settings, settlement));
        await Assert.ThrowsAsync<StaleActivationException>(() => stale.SettleAsync(Settings, settlement));
        await owner.SettleAsync(Settings, settlement);

        Assert.Equal(1, _stepsDown);
        Assert.Null(stale.TakeSnapshot());
        Assert.Throws<StaleActivationException>(stale.GetPosition);
        Assert.Equal(new KeyPosition(2, new UsageTotals(2, Tokens(20, 15))), owner.GetPosition());
    }

    [Fact]
    public async Task Settle_AfterTheCallExpiredElsewhere_BooksTheDifference()
    {
        var (book, calls) = Activate();
        var call = Hold(book, 1);
        await calls.RenewAsync([new HoldRenewal(call, Tokens(10, 3))]);
        var (_, second) = Activate();
        Assert.True(await second.RenewAsync([new HoldRenewal(call, Tokens(10, 3))]));
        _now = AtSeconds(31);
        await calls.ExpireAsync(Settings);

        // The second activation holds the call still, so that it does not ask first.
        await Assert.ThrowsAsync<StaleActivationException>(() => second.SettleAsync(Settings, Settlement(call, Tokens(10, 7))));
        var (_, next) = Activate();
        await next.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));
        await next.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));

        Assert.Equal([(0, 1, Tokens(10, 3)), (1, 0, Tokens(0, 4))], _ledger.Entries.Select(static entry => (entry.Part, entry.Requests, entry.Settlement.Usage)));
    }

    [Fact]
    public async Task Settle_TextThatTheLedgerRefuses_IsAcknowledgedAndTheBookIsThrownAway()
    {
        _ledger.Reject(static entry => entry.Settlement.Call.Model is "gpt-4o");
        var (book, calls) = Activate();

        await calls.SettleAsync(Settings, Settlement(Hold(book, 1), Tokens(10, 7)));

        Assert.Equal(1, _stepsDown);
        Assert.Null(calls.TakeSnapshot());
        Assert.Equal(new UsageTotals(1, Tokens(10, 7)), Activate().Calls.GetPosition().Totals);
    }

    [Fact]
    public async Task Settle_WhileTooMuchWaits_LeavesTheHoldForTheRetry()
    {
        _options.QueueRows = 2;
        var (book, calls) = Activate(starts: false);
        var settles = new[] { 1, 2 }.Select(call => calls.SettleAsync(Settings, Settlement(Hold(book, call), Tokens(10, 7)))).ToList();
        var third = Settlement(Hold(book, 3), Tokens(10, 7));

        await Assert.ThrowsAsync<LedgerFullException>(() => calls.SettleAsync(Settings, third));

        Assert.NotNull(book.Find(third.Call.RequestId));
        _writers[0].Start();
        await Task.WhenAll(settles);
        await calls.SettleAsync(Settings, third);
        Assert.Equal(0, _stepsDown);
        Assert.Equal(3, calls.GetPosition().Sequence);
    }

    [Fact]
    public async Task Renew_AfterTheSettle_HoldsNothing()
    {
        var (book, calls) = Activate();
        var call = Hold(book, 1);
        await calls.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));

        Assert.False(await calls.RenewAsync([new HoldRenewal(call, Tokens(10, 5))]));

        Assert.Equal(0, book.HoldCount);
    }

    [Fact]
    public async Task Expire_HoldOfACallThatWasSettledElsewhere_CountsNothing()
    {
        var (staleBook, stale) = Activate();
        var (_, owner) = Activate();
        var call = Hold(staleBook, 1);
        await owner.SettleAsync(Settings, Settlement(call, Tokens(10, 7)));
        _now = AtSeconds(31);

        await stale.ExpireAsync(Settings);

        Assert.Single(_ledger.Entries);
        Assert.Equal(0, staleBook.HoldCount);
    }

    [Fact]
    public async Task Release_Twice_CountsNothing()
    {
        var (book, calls) = Activate();
        var call = Hold(book, 1);

        await calls.ReleaseAsync(call.RequestId);
        await calls.ReleaseAsync(call.RequestId);

        _now = AtSeconds(31);
        await calls.ExpireAsync(Settings);
        Assert.Empty(_ledger.Entries);
    }

    [Fact]
    public async Task Renew_AfterTheRelease_HoldsNothingAndIsNeverBilled()
    {
        var (book, calls) = Activate();
        var call = Hold(book, 1);
        await calls.ReleaseAsync(call.RequestId);
        _now = AtSeconds(29);

        Assert.False(await calls.RenewAsync([new HoldRenewal(call, Tokens(10, 5))]));

        Assert.Equal(0, book.HoldCount);
        _now = AtSeconds(60);
        await calls.ExpireAsync(Settings);
        Assert.Empty(_ledger.Entries);
    }

    [Fact]
    public async Task Release_BeforeTheReserveOrARenewalOfTheNextActivation_IsRememberedForTheHoldTimeout()
    {
        var call = Hold(Activate().Book, 1);
        var (book, calls) = Activate();

        await calls.ReleaseAsync(call.RequestId);

        Assert.True(calls.IsReleased(call.RequestId, _now));
        Assert.False(await calls.RenewAsync([new HoldRenewal(call, Tokens(10, 0))]));
        Assert.Equal(0, book.HoldCount);
        _now = AtSeconds(30);
        Assert.False(calls.IsReleased(call.RequestId, _now));
    }

    [Fact]
    public async Task Release_WhileTheHoldIsMadeAnew_LeavesNone()
    {
        var asked = new TaskCompletionSource();
        _ledger.BeforeFindingMany = () => asked.Task;
        var call = Hold(Activate().Book, 1);
        var (book, calls) = Activate();
        var renewing = calls.RenewAsync([new HoldRenewal(call, Tokens(10, 0))]);

        var releasing = calls.ReleaseAsync(call.RequestId);
        asked.SetResult();

        Assert.False(await renewing);
        await releasing;
        Assert.Equal(0, book.HoldCount);
    }

    [Fact]
    public async Task Release_AfterTheCallExpired_TakesItAllBackOnce()
    {
        var limit = new Limit(Metric.Requests, Window.Hour, 5);
        var (book, calls) = Activate();
        book.Limits = [limit, new Limit(Metric.Tokens, Window.Total, 100)];
        var call = Hold(book, 1);
        await calls.RenewAsync([new HoldRenewal(call, Tokens(10, 3))]);
        _now = AtSeconds(31);
        await calls.ExpireAsync(Settings);
        Assert.Equal(new UsageTotals(1, Tokens(10, 3)), calls.GetPosition().Totals);

        await Task.WhenAll(calls.ReleaseAsync(call.RequestId).AsTask(), calls.ReleaseAsync(call.RequestId).AsTask());
        await calls.ReleaseAsync(call.RequestId);

        Assert.Equal(
            [(0, 1, Tokens(10, 3)), (1, -1, Tokens(-10, -3))],
            _ledger.Entries.Select(static entry => (entry.Part, entry.Requests, entry.Settlement.Usage)));
        Assert.Equal(new KeyPosition(2, default), calls.GetPosition());
        Assert.All(book.Usage(_now).Limits, static one => Assert.Equal((0, 0), (one.Used, one.Held)));
        Assert.Equal(new KeyPosition(2, default), Activate().Calls.GetPosition());
    }

    [Fact]
    public async Task Release_AfterTheExpiryInTheNextWindow_LeavesThatWindowAlone()
    {
        var (book, calls) = Activate();
        book.Limits = [new Limit(Metric.Requests, Window.Minute, 5), new Limit(Metric.Requests, Window.Total, 5)];
        var call = Hold(book, 1);
        _now = AtSeconds(61);
        await calls.ExpireAsync(Settings);
        await calls.SettleAsync(Settings, Settlement(Hold(book, 2), Tokens(10, 7)));

        await calls.ReleaseAsync(call.RequestId);

        Assert.Equal([1, 1], book.Usage(_now).Limits.Select(static one => one.Used));
    }

    [Fact]
    public async Task Release_AtAnActivationThatStepsDown_IsSentAgain()
    {
        var (book, calls) = Activate();
        var call = Hold(book, 1);
        calls.StepDown(new IOException("The test ends it."));

        await Assert.ThrowsAsync<StaleActivationException>(() => calls.ReleaseAsync(call.RequestId).AsTask());
    }

    [Fact]
    public async Task Settle_OfAPricedModel_BooksTheCostOfItsTime()
    {
        _prices.Book = new PriceBook([new PriceTable([(Model, Prices.Price(2, 3)), (Model, Prices.Price(20, 30, _now.Wall.AddDays(1)))])]);
        var (book, calls) = Activate();
        var settlement = Settlement(Hold(book, 1), Tokens(10, 7));

        await calls.SettleAsync(Settings, settlement);

        Assert.Equal((new NanoUsd(41), 1), (_ledger.Entries[0].Cost, _ledger.Entries[0].PricedRequests));
        Assert.Equal(new NanoUsd(41), calls.GetPosition().Totals.Cost);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Settle_AfterAnExpiry_CorrectsTheCostToItsOwn(bool pricedThen, bool pricedNow)
    {
        var priced = Prices.Book(Model, Prices.Price(2, 3));
        _prices.Book = pricedThen ? priced : PriceBook.Empty;
        var (book, calls) = Activate();
        var settlement = Settlement(Hold(book, 1), Tokens(10, 7));
        _now = new Instant(_now.Wall + HoldTimeout, _now.Monotonic + HoldTimeout);
        await calls.ExpireAsync(Settings);

        _prices.Book = pricedNow ? priced : PriceBook.Empty;
        await calls.SettleAsync(Settings, settlement);

        var totals = calls.GetPosition().Totals;
        Assert.Equal((1L, pricedNow ? 1L : 0L), (totals.Requests, totals.PricedRequests));
        Assert.Equal(pricedNow ? new NanoUsd(41) : null, totals.Cost);
        Assert.Equal(2, _ledger.Entries.Count);
    }

    [Fact]
    public async Task Release_AfterAPricedExpiry_TakesTheCostBack()
    {
        _prices.Book = Prices.Book(Model, Prices.Price(2, 3));
        var (book, calls) = Activate();
        var call = Hold(book, 1);
        _now = new Instant(_now.Wall + HoldTimeout, _now.Monotonic + HoldTimeout);
        await calls.ExpireAsync(Settings);

        await calls.ReleaseAsync(call.RequestId);

        Assert.Equal(default, calls.GetPosition().Totals);
        Assert.Equal([new NanoUsd(20), new NanoUsd(-20)], _ledger.Entries.Select(static entry => entry.Cost));
    }

    private CallFacts Hold(QuotaBook book, int call) => book.Reserve(call, _now).Hold!.Call;

    /// <summary>An activation as its grain makes one, with a writer of its own as on a silo of its own.</summary>
    private (QuotaBook Book, KeyCalls Calls) Activate(bool starts = true)
    {
        var writer = new LedgerWriter(_ledger, Options.Create(_options), new JumpingClock(), NullLogger<LedgerWriter>.Instance);
        _writers.Add(writer);
        if (starts)
        {
            writer.Start();
        }

        var book = Book();
        foreach (var entry in _ledger.Entries)
        {
            book.Apply(entry);
        }

        return (book, new KeyCalls(book, _ledger, writer, _prices, () => _now, NullLogger.Instance)
        {
            KeyId = Settings.Id,
            SteppedDown = _ => _stepsDown++,
            Committed = static () => { },
        });
    }
}
