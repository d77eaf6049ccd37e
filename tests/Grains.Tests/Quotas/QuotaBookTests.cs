using System.Text.Json;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;
using static Relay.Grains.Tests.Quotas.Calls;

namespace Relay.Grains.Tests.Quotas;

public sealed class QuotaBookTests
{
    [Fact]
    public void Reserve_RoomForTen_AdmitsExactlyTen()
    {
        var book = Book(new Limit(Metric.Requests, Window.Minute, 10));

        var admitted = Enumerable.Range(0, 1_000).Count(call => book.Reserve(call, AtSeconds(1)).Hold is not null);

        Assert.Equal(10, admitted);
        Assert.Equal(10, book.HoldCount);
    }

    [Theory]
    [InlineData(Metric.Requests, 1)]
    [InlineData(Metric.InputTokens, 10)]
    [InlineData(Metric.OutputTokens, 60)]
    [InlineData(Metric.Tokens, 70)]
    [InlineData(Metric.Concurrency, 1)]
    public void Reserve_AnyMetric_NeedsItsShareOfTheCall(Metric metric, long needed)
    {
        var exact = Book(new Limit(metric, Window.Day, needed));
        var tooSmall = Book(new Limit(metric, Window.Day, needed - 1));

        Assert.NotNull(exact.Reserve(0, AtSeconds(0), input: 10, outputMax: 20, choices: 3).Hold);
        var refusal = tooSmall.Reserve(0, AtSeconds(0), input: 10, outputMax: 20, choices: 3).Refusal!;

        Assert.Equal(RefusalKind.LimitReached, refusal.Kind);
        Assert.Equal(needed, refusal.Needed);
        Assert.Equal(0, exact.Usage(AtSeconds(0)).Limits[0].Remaining);
    }

    [Fact]
    public void Reserve_Refused_HoldsNothing()
    {
        var book = Book(new Limit(Metric.Requests, Window.Day, 5), new Limit(Metric.Tokens, Window.Day, 1));

        Assert.NotNull(book.Reserve(0, AtSeconds(0)).Refusal);

        Assert.All(book.Usage(AtSeconds(0)).Limits, static limit => Assert.Equal(0, limit.Held));
        Assert.Equal(0, book.HoldCount);
    }

    [Fact]
    public void Reserve_SameIdAgain_AnswersTheSameHold()
    {
        var book = Book(new Limit(Metric.Requests, Window.Day, 1));

        var first = book.Reserve(0, AtSeconds(0));
        var again = book.Reserve(0, AtSeconds(5));

        Assert.Same(first.Hold, again.Hold);
        Assert.Equal(1, book.Usage(AtSeconds(5)).Limits[0].Held);
    }

    [Fact]
    public void Reserve_SeveralLimitsRefuse_ReportsTheOneThatTakesLongest()
    {
        Limit[] limits =
        [
            new(Metric.Concurrency, Window.Total, 0), new(Metric.Requests, Window.Minute, 0), new(Metric.Requests, Window.Month, 0),
            new(Metric.Requests, Window.Hour, 0), new(Metric.Requests, Window.Week, 0), new(Metric.Requests, Window.Day, 0),
            new(Metric.Requests, Window.Total, 0),
        ];
        Window[] expected = [Window.Total, Window.Month, Window.Week, Window.Day, Window.Hour, Window.Minute];

        foreach (var window in expected)
        {
            var reported = Book(limits).Reserve(0, AtSeconds(0)).Refusal!.Limit!.Limit;
            Assert.Equal((Metric.Requests, window), (reported.Metric, reported.Window));
            limits = [.. limits.Where(limit => limit != reported)];
        }

        Assert.Equal(Metric.Concurrency, Book(limits).Reserve(0, AtSeconds(0)).Refusal!.Limit!.Limit.Metric);
    }

    [Fact]
    public void Reserve_LimitReached_SaysWhenItsWindowEnds()
    {
        var book = Book(new Limit(Metric.Requests, Window.Hour, 1));
        book.Reserve(0, AtSeconds(0));

        var refusal = book.Reserve(1, AtSeconds(600)).Refusal!;

        Assert.Equal(TimeSpan.FromMinutes(50), refusal.RetryAfter);
        Assert.Equal(Noon.AddHours(1), refusal.Limit!.ResetsAt);
        Assert.Equal((0L, 1L, 0L), (refusal.Limit.Used, refusal.Limit.Held, refusal.Limit.Remaining));
    }

    [Fact]
    public void Reserve_TooManyHolds_IsOverloaded()
    {
        var book = Book();
        for (var call = 0; call < QuotaBook.HoldsMax; call++)
        {
            book.Reserve(call, AtSeconds(0));
        }

        Assert.Equal(RefusalKind.Overloaded, book.Reserve(-2, AtSeconds(0)).Refusal!.Kind);
    }

    [Fact]
    public void Reserve_AbsurdCap_DoesNotOverflow()
    {
        var book = Book(new Limit(Metric.Tokens, Window.Day, 1_000));

        Assert.NotNull(book.Reserve(0, AtSeconds(0), input: long.MaxValue, outputMax: long.MaxValue, choices: int.MaxValue).Refusal);
        Assert.NotNull(book.Reserve(1, AtSeconds(0), input: long.MinValue, outputMax: long.MinValue).Hold);
        Assert.Equal(0, book.Usage(AtSeconds(0)).Limits[0].Held);
    }

    [Fact]
    public void Reserve_NoCapAndNoHistory_HoldsTheDefaultForEachChoice() =>
        Assert.Equal(512, Book().Reserve(0, AtSeconds(0), outputMax: null, choices: 2).Hold!.Call.OutputTokensHeld);

    [Fact]
    public void Reserve_NoCapAndLittleRoom_HoldsWhatThereIs()
    {
        var book = Book(new Limit(Metric.Tokens, Window.Day, 50), new Limit(Metric.OutputTokens, Window.Day, 100));

        Assert.Equal(40, book.Reserve(0, AtSeconds(0), input: 10, outputMax: null, choices: 2).Hold!.Call.OutputTokensHeld);
        Assert.NotNull(book.Reserve(1, AtSeconds(0), input: 0, outputMax: null).Refusal);
    }

    [Fact]
    public void Reserve_NoCap_HoldsTheRecentAverageRoundedUp()
    {
        var book = Book();
        book.Settle(book.Reserve(0, AtSeconds(0), choices: 2).Hold!.Call, Tokens(1, 200), AtSeconds(0));
        book.Settle(book.Reserve(1, AtSeconds(0)).Hold!.Call, Tokens(1, 101), AtSeconds(0));
        book.Settle(book.Reserve(2, AtSeconds(0)).Hold!.Call, Tokens(1, 9_000), AtSeconds(0), UsageSource.Estimated);
        book.Settle(book.Reserve(3, AtSeconds(0)).Hold!.Call, Tokens(1, 0), AtSeconds(0));

        // 100 + (101 - 100) / 8 = 100.125
        Assert.Equal(101, book.Reserve(4, AtSeconds(0), outputMax: null).Hold!.Call.OutputTokensHeld);
        Assert.Equal(202, book.Reserve(5, AtSeconds(0), model: "new", outputMax: null, choices: 2).Hold!.Call.OutputTokensHeld);
    }

    [Fact]
    public void Reserve_AverageAboveTheRoom_IsNotShrunk()
    {
        var book = Book();
        book.Settle(book.Reserve(0, AtSeconds(0)).Hold!.Call, Tokens(0, 100), AtSeconds(0));
        book.Limits = [new Limit(Metric.OutputTokens, Window.Day, 150)];

        Assert.NotNull(book.Reserve(1, AtSeconds(0), outputMax: null).Refusal);
    }

    [Fact]
    public void Reserve_NoOutputAsked_HoldsNoOutput() =>
        Assert.Equal(0, Book().Reserve(0, AtSeconds(0), outputMax: null, choices: 0).Hold!.Call.OutputTokensHeld);

    [Fact]
    public void Reserve_LimitOfOtherModels_DoesNotApply()
    {
        var book = Book(
            new Limit(Metric.Requests, Window.Day, 1, "gpt-4*"), new Limit(Metric.Concurrency, Window.Day, 1, "o*"));

        Assert.NotNull(book.Reserve(0, AtSeconds(0), model: "gpt-4o").Hold);
        Assert.NotNull(book.Reserve(1, AtSeconds(0), model: "gpt-4.1").Refusal);
        Assert.NotNull(book.Reserve(2, AtSeconds(0), model: "o1").Hold);
        Assert.NotNull(book.Reserve(3, AtSeconds(0), model: "o3").Refusal);
        Assert.NotNull(book.Reserve(4, AtSeconds(0), model: "gpt-3.5").Hold);
    }

    [Fact]
    public void Reserve_MoreModelsThanAreToldApart_CountTheRestAgainstEveryPattern()
    {
        var book = Book();
        for (var call = 0; call < WindowCounts.ModelsMax + 5; call++)
        {
            book.Settle(book.Reserve(call, AtSeconds(0), model: $"m{call:000}").Hold!.Call, Tokens(1, 1), AtSeconds(0));
        }

        book.Limits = [new Limit(Metric.Requests, Window.Day, 6, "gpt-*")];

        Assert.Equal(WindowCounts.ModelsMax + 1, book.Usage(AtSeconds(0)).ByModel.Length);
        Assert.Equal(5, book.Usage(AtSeconds(0)).Limits[0].Used);
        Assert.NotNull(book.Reserve(900, AtSeconds(0), model: "gpt-new").Hold);
        Assert.NotNull(book.Reserve(901, AtSeconds(0), model: "gpt-new").Refusal);
    }

    [Fact]
    public void Limits_Changed_KeepWhatWasUsed()
    {
        var book = Book();
        book.Settle(book.Reserve(0, AtSeconds(0)).Hold!.Call, Tokens(30, 40), AtSeconds(0));

        book.Limits = [new Limit(Metric.Tokens, Window.Month, 100)];

        Assert.Equal(70, book.Usage(AtSeconds(1)).Limits[0].Used);
    }

    [Fact]
    public void BeginSettle_UntilTheCommit_CountsAsHeld()
    {
        var book = Book(new Limit(Metric.Tokens, Window.Day, 100), new Limit(Metric.Concurrency, Window.Day, 1));
        var call = book.Reserve(0, AtSeconds(0), input: 50, outputMax: 50).Hold!.Call;

        var entry = book.BeginSettle(Draft(call, Tokens(20, 10)), AtSeconds(1));
        var pending = book.Usage(AtSeconds(1));
        book.Commit(entry.Sequence);
        var committed = book.Usage(AtSeconds(1));

        Assert.Equal((0L, 30L, 70L), (pending.Limits[0].Used, pending.Limits[0].Held, pending.Limits[0].Remaining));
        Assert.Equal(0, pending.Totals.Requests);
        Assert.Equal(1, pending.Limits[1].Remaining);
        Assert.Equal((30L, 0L, 70L), (committed.Limits[0].Used, committed.Limits[0].Held, committed.Limits[0].Remaining));
        Assert.Equal(new UsageTotals(1, Tokens(20, 10)), committed.Totals);
    }

    [Fact]
    public void Commit_OutOfOrder_CommitsAllBefore()
    {
        var book = Book();
        var first = book.BeginSettle(Draft(book.Reserve(0, AtSeconds(0)).Hold!.Call, Tokens(1, 1)), AtSeconds(0));
        var second = book.BeginSettle(Draft(book.Reserve(1, AtSeconds(0)).Hold!.Call, Tokens(2, 2)), AtSeconds(0));

        book.Commit(second.Sequence);
        book.Commit(first.Sequence);

        Assert.Equal((1L, 2L, 2L), (first.Sequence, second.Sequence, book.CommittedSequence));
        Assert.Equal(new UsageTotals(2, Tokens(3, 3)), book.Usage(AtSeconds(0)).Totals);
    }

    [Fact]
    public void Settle_AboveItsHold_IsBookedPastTheAmount()
    {
        var book = Book(new Limit(Metric.Tokens, Window.Day, 30));

        book.Settle(book.Reserve(0, AtSeconds(0)).Hold!.Call, Tokens(100, 400), AtSeconds(1));

        var limit = book.Usage(AtSeconds(1)).Limits[0];
        Assert.Equal((500L, 0L, 0L), (limit.Used, limit.Held, limit.Remaining));
    }

    [Fact]
    public void Settle_AfterItsWindow_TouchesOnlyTheTotal()
    {
        var book = Book(new Limit(Metric.Requests, Window.Minute, 9), new Limit(Metric.Requests, Window.Total, 9));
        var call = book.Reserve(0, AtSeconds(30)).Hold!.Call;
        var released = book.Reserve(1, AtSeconds(30)).Hold!.Call;

        var before = book.Usage(AtSeconds(70)).Limits;
        book.Settle(call, Tokens(5, 5), AtSeconds(70));
        book.Release(released.RequestId);
        var after = book.Usage(AtSeconds(70)).Limits;

        Assert.Equal((0L, 0L), (before[0].Used, before[0].Held));
        Assert.Equal((0L, 2L), (before[1].Used, before[1].Held));
        Assert.Equal((0L, 0L), (after[0].Used, after[0].Held));
        Assert.Equal((1L, 0L), (after[1].Used, after[1].Held));
    }

    [Fact]
    public void Reserve_ClockStepsBack_StaysInTheWindow()
    {
        var book = Book(new Limit(Metric.Requests, Window.Hour, 1));
        book.Settle(book.Reserve(0, AtSeconds(10)).Hold!.Call, Tokens(1, 1), AtSeconds(10));

        var stepped = AtSeconds(11) with { Wall = Noon.AddMinutes(-5) };

        Assert.NotNull(book.Reserve(1, stepped).Refusal);
        Assert.Equal(1, book.Usage(stepped).Limits[0].Used);
    }

    [Fact]
    public void Renew_BeforeTheDeadline_Extends()
    {
        var book = Book();
        var hold = book.Reserve(0, AtSeconds(0)).Hold!;

        Assert.Empty(book.Expired(AtSeconds(29)));
        Assert.True(book.Renew(new HoldRenewal(hold.Call, Tokens(5, 7)), AtSeconds(29)));
        Assert.True(book.Renew(new HoldRenewal(hold.Call, Tokens(5, 3)), AtSeconds(29)));
        Assert.Empty(book.Expired(AtSeconds(58)));

        Assert.Equal(Tokens(5, 7), Assert.Single(book.Expired(AtSeconds(59))).UsageSoFar);
        Assert.False(book.Renew(new HoldRenewal(hold.Call with { RequestId = IdOf(7) }, default), AtSeconds(0)));
    }

    [Fact]
    public void Rebuild_NoRoom_HoldsAllTheSame()
    {
        var book = Book(new Limit(Metric.Requests, Window.Day, 0));
        var call = Book().Reserve(0, AtSeconds(0)).Hold!.Call;

        Assert.True(book.Rebuild(new HoldRenewal(call, Tokens(1, 1)), AtSeconds(5)));

        Assert.Equal(1, book.Usage(AtSeconds(5)).Limits[0].Held);
    }

    [Fact]
    public void RateLimit_SeveralLimits_ShowsTheTightestShortOne()
    {
        var book = Book(
            new Limit(Metric.Requests, Window.Day, 3), new Limit(Metric.Requests, Window.Hour, 50),
            new Limit(Metric.Requests, Window.Minute, 60), new Limit(Metric.Requests, Window.Minute, 2, "o*"),
            new Limit(Metric.Tokens, Window.Month, 900), new Limit(Metric.Tokens, Window.Total, 500),
            new Limit(Metric.InputTokens, Window.Minute, 1));

        Assert.Equal(
            new RateLimitStatus(50, 50, TimeSpan.FromMinutes(59)), book.RateLimit(Metric.Requests, Model, AtSeconds(60)));
        Assert.Equal(new RateLimitStatus(500, 500, null), book.RateLimit(Metric.Tokens, Model, AtSeconds(60)));
        Assert.Equal(2, book.RateLimit(Metric.Requests, "o1", AtSeconds(60))!.Limit);
        Assert.Null(Book().RateLimit(Metric.Requests, Model, AtSeconds(60)));
    }

    [Fact]
    public void ToSnapshot_ThroughJson_RebuildsTheBook()
    {
        var book = Book(new Limit(Metric.Tokens, Window.Day, 1_000));
        book.Settle(book.Reserve(0, AtSeconds(0)).Hold!.Call, Tokens(30, 40), AtSeconds(1));
        var held = book.Reserve(1, AtSeconds(2)).Hold!.Call;

        var json = JsonSerializer.Serialize(book.ToSnapshot());
        var rebuilt = new QuotaBook(TimeZoneInfo.Utc, HoldTimeout, JsonSerializer.Deserialize<QuotaBookState>(json)) { Limits = book.Limits };

        Assert.DoesNotContain("$type", json, StringComparison.Ordinal);
        book.Release(held.RequestId);
        Assert.Equal(book.LastUsedAt, rebuilt.LastUsedAt);
        Assert.Equal(2, rebuilt.Settle(held, Tokens(0, 0), AtSeconds(3)).Sequence);
        book.Settle(held, Tokens(0, 0), AtSeconds(3));
        Assert.Equal(JsonSerializer.Serialize(book.Usage(AtSeconds(3))), JsonSerializer.Serialize(rebuilt.Usage(AtSeconds(3))));
    }
}
