using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Quotas;

/// <summary>Limits hold under any number of calls at once, and a refusal says exactly what clients need to know.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private readonly RelayClock _clock = new();
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(_upstream.BaseUrl, new RelaySetup { Time = _clock });
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task ThousandCallsAtOnce_RoomForTen_TenReachTheUpstream()
    {
        const int Calls = 1000;
        var caller = await NewCallerAsync(new KeyLimit("requests", "day", 10));

        var statuses = await Task.WhenAll(Enumerable.Range(0, Calls).Select(async i =>
        {
            using var response = await caller.PostAsync(RelayCaller.Chat(i % 2 == 0 ? "" : "\"stream\":true"));
            await response.Content.ReadAsStringAsync();
            return response.StatusCode;
        }));

        Assert.Equal(10, statuses.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(Calls - 10, statuses.Count(status => status == HttpStatusCode.TooManyRequests));
        Assert.Equal(10, _upstream.Requests.Count);
        await Counts.AssertBilledAsync(caller, requests: 10);
    }

    [Fact]
    public async Task TokensAtOnce_RoomForThree_ThreeReachTheUpstream()
    {
        // Each call holds 16 tokens of input and 84 of output.
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _upstream.ForModel("gpt-4o", new UpstreamScript().WaitFor(gate).Complete());
        var caller = await NewCallerAsync(new KeyLimit("tokens", "total", 350));

        var calls = Enumerable.Range(0, 20).Select(_ => caller.PostAsync(RelayCaller.Chat("\"max_tokens\":84"))).ToList();
        for (var i = 0; i < 17; i++)
        {
            var refused = await Task.WhenAny(calls);
            calls.Remove(refused);
            using var refusal = await refused;
            Assert.Equal("insufficient_quota", (await Errors.ReadAsync(refusal, HttpStatusCode.TooManyRequests)).Code);
        }

        Assert.Equal(300, Assert.Single((await caller.UsageAsync()).Limits).GetProperty("held").GetInt64());
        gate.SetResult();
        foreach (var call in calls)
        {
            using var response = await call;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await response.Content.ReadAsStringAsync();
        }

        Assert.Equal(3, caller.CallsBilled);
        await Counts.AssertBilledAsync(caller, requests: 3);
        Assert.Equal(0, Assert.Single((await caller.UsageAsync()).Limits).GetProperty("held").GetInt64());
    }

    [Fact]
    public async Task RequestsPerMinute_UsedUp_SaysWhenToComeBackAndThenAdmits()
    {
        var caller = await NewCallerAsync(new KeyLimit("requests", "minute", 2), new KeyLimit("requests", "day", 100));
        using var first = await caller.PostAsync(RelayCaller.Chat());
        await first.Content.ReadAsStringAsync();
        await caller.AskAsync(RelayCaller.Chat());

        using var refused = await caller.PostAsync(RelayCaller.Chat());

        AssertRateLimit(first, "requests", limit: "2", remaining: "1", reset: "55s");
        AssertRateLimit(refused, "requests", limit: "2", remaining: "0", reset: "55s");
        Assert.False(refused.Headers.Contains("x-ratelimit-limit-tokens"));
        Assert.Equal("55", Header(refused, "retry-after"));
        Assert.Equal("55000", Header(refused, "retry-after-ms"));
        Assert.Null(Header(refused, "x-should-retry"));
        var error = await Errors.ReadAsync(refused, HttpStatusCode.TooManyRequests);
        Assert.Equal(("requests", null, "rate_limit_exceeded"), (error.Type, error.Param, error.Code));
        Assert.Equal(
            $"The limit of 2 requests per minute of key {caller.Key.Id} is reached: 2 used, 0 held by calls in flight, 0 left; this call needs 1. It resets at 2026-03-04 12:01:00 UTC.",
            error.Message);

        _clock.Advance(TimeSpan.FromSeconds(55));
        using var admitted = await caller.PostAsync(RelayCaller.Chat());
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
        AssertRateLimit(admitted, "requests", limit: "2", remaining: "1", reset: "1m0s");
        await admitted.Content.ReadAsStringAsync();
        await Counts.AssertBilledAsync(caller, requests: 3);
    }

    [Fact]
    public async Task TokensPerMinute_TooFewForTheDeclaredOutput_RefusesAndSpendsNothing()
    {
        var caller = await NewCallerAsync(new KeyLimit("tokens", "minute", 200));

        using var refused = await caller.PostAsync(RelayCaller.Chat("\"max_completion_tokens\":185"));
        using var admitted = await caller.PostAsync(RelayCaller.Chat("\"max_completion_tokens\":184"));

        var error = await Errors.ReadAsync(refused, HttpStatusCode.TooManyRequests);
        Assert.Equal(("tokens", "rate_limit_exceeded"), (error.Type, error.Code));
        Assert.Contains("0 used, 0 held by calls in flight, 200 left; this call needs 201.", error.Message, StringComparison.Ordinal);
        AssertRateLimit(refused, "tokens", limit: "200", remaining: "200", reset: "55s");
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
        AssertRateLimit(admitted, "tokens", limit: "200", remaining: "0", reset: "55s");
        await admitted.Content.ReadAsStringAsync();
        Assert.Equal(1, caller.CallsBilled);
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.Equal(caller.Billed.TotalTokens, Assert.Single((await caller.UsageAsync()).Limits).GetProperty("used").GetInt64());
    }

    [Theory]
    [InlineData("day", "per day", " It resets at 2026-03-05 00:00:00 UTC.", "11h59m55s")]
    [InlineData("week", "per week", " It resets at 2026-03-09 00:00:00 UTC.", "107h59m55s")]
    [InlineData("month", "per month", " It resets at 2026-04-01 00:00:00 UTC.", "659h59m55s")]
    [InlineData("total", "in total", " It never resets.", null)]
    public async Task LongWindow_UsedUp_IsInsufficientQuota(string window, string name, string reset, string? resetAfter)
    {
        var caller = await NewCallerAsync(new KeyLimit("requests", window, 1));
        await caller.AskAsync(RelayCaller.Chat());

        using var refused = await caller.PostAsync(RelayCaller.Chat("\"stream\":true"));

        var error = await Errors.ReadAsync(refused, HttpStatusCode.TooManyRequests);
        Assert.Equal(("insufficient_quota", "insufficient_quota"), (error.Type, error.Code));
        Assert.Equal(
            $"The limit of 1 requests {name} of key {caller.Key.Id} is reached: 1 used, 0 held by calls in flight, 0 left; this call needs 1.{reset}",
            error.Message);
        Assert.Equal("false", Header(refused, "x-should-retry"));
        Assert.Null(Header(refused, "retry-after"));
        Assert.Null(Header(refused, "retry-after-ms"));
        AssertRateLimit(refused, "requests", limit: "1", remaining: "0", resetAfter);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Concurrency_TwoStreamsOpen_RefusesTheThirdUntilOneEnds()
    {
        var gates = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        Array.ForEach(gates, gate => _upstream.Next(new UpstreamScript().Tokens(1).WaitFor(gate).Complete()));
        var caller = await NewCallerAsync(new KeyLimit("concurrency", null, 2));
        using var first = await caller.PostAsync(RelayCaller.Chat("\"stream\":true"));
        using var second = await caller.PostAsync(RelayCaller.Chat("\"stream\":true"));

        using var third = await caller.PostAsync(RelayCaller.Chat());

        var error = await Errors.ReadAsync(third, HttpStatusCode.TooManyRequests);
        Assert.Equal(("requests", "rate_limit_exceeded"), (error.Type, error.Code));
        Assert.Equal(
            $"The limit of 2 calls in flight of key {caller.Key.Id} is reached: 0 used, 2 held by calls in flight, 0 left; this call needs 1. Try again when a call has ended.",
            error.Message);
        Assert.Equal(("1", "1000"), (Header(third, "retry-after"), Header(third, "retry-after-ms")));
        Assert.Equal(2, caller.CallsBilled);

        gates[0].SetResult();
        await first.Content.ReadAsStringAsync();
        Assert.NotEqual("", await caller.AskAsync(RelayCaller.Chat()));
        gates[1].SetResult();
        await second.Content.ReadAsStringAsync();
        await Counts.AssertBilledAsync(caller, requests: 3);
    }

    [Fact]
    public async Task UsedUpKey_StillListsModels_AndOthersAreNotTouched()
    {
        var caller = await NewCallerAsync(new KeyLimit("requests", "total", 0));
        var other = await NewCallerAsync();

        using var refused = await caller.PostAsync(RelayCaller.Chat());
        using var models = await RelayCaller.SendAsync(caller.Request("/v1/models"));
        using var answer = await other.PostAsync(RelayCaller.Chat());

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("x-ratelimit-limit-requests"));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? Assert.Single(values) : null;

    private static void AssertRateLimit(HttpResponseMessage response, string metric, string limit, string remaining, string? reset) => Assert.Equal(
        (limit, remaining, reset),
        (Header(response, $"x-ratelimit-limit-{metric}"), Header(response, $"x-ratelimit-remaining-{metric}"), Header(response, $"x-ratelimit-reset-{metric}")));

    private Task<RelayCaller> NewCallerAsync(params KeyLimit[] limits) => RelayCaller.NewAsync(_relay, _upstream, limits);
}
