using System.Net;
using System.Text.Json;
using Relay.Configuration;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Costs;

/// <summary>What calls cost, from the upstream's bill to reports, limits and new prices.</summary>
public sealed class CostTests : IAsyncLifetime
{
    private readonly RelayClock _clock = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("relay-costs-").FullName;
    private FakeUpstream _upstream = null!;

    private string PriceFile => Path.Combine(_folder, "prices.json");

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Call_OfAModelWithAPrice_CostsExactlyThatEverywhere()
    {
        await using var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);

        await caller.AskAsync(RelayCaller.Chat());
        await caller.AskAsync(RelayCaller.Chat("\"stream\":true"));

        // By OpenAI's list: 2.50, 1.25 and 10 dollars for a million tokens.
        var billed = caller.Billed;
        var expected = ((billed.InputTokens - billed.CachedInputTokens) * 0.0000025m) + (billed.CachedInputTokens * 0.00000125m) + (billed.OutputTokens * 0.00001m);
        Assert.True(expected > 0);
        var usage = await relay.GetAsync($"keys/{caller.Key.Id}/usage");
        AssertCost(expected, usage.GetProperty("totals"));
        AssertCost(expected, Assert.Single(usage.GetProperty("by_model").EnumerateArray()));
        AssertCost(expected, (await relay.GetAsync($"users/{caller.Key.User}/usage")).GetProperty("totals"));
        AssertCost(expected, Assert.Single((await relay.GetAsync("usage?group_by=model")).GetProperty("data").EnumerateArray()));
        await AssertVerifiedAsync(relay);
    }

    [Fact]
    public async Task Call_OfAModelWithoutAPrice_IsCountedAndCostsNull()
    {
        await using var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);

        await caller.AskAsync(RelayCaller.Chat(model: "nobody-knows-me"));
        var unpriced = (await relay.GetAsync($"keys/{caller.Key.Id}/usage")).GetProperty("totals");
        await caller.AskAsync(RelayCaller.Chat());
        var mixed = (await relay.GetAsync($"keys/{caller.Key.Id}/usage")).GetProperty("totals").GetProperty("cost");

        Assert.Equal(JsonValueKind.Null, unpriced.GetProperty("cost").ValueKind);
        Assert.Equal(1, unpriced.GetProperty("requests").GetInt64());
        Assert.Equal(1, mixed.GetProperty("unpriced_requests").GetInt64());
        Assert.True(mixed.GetProperty("value").GetDecimal() > 0);
    }

    [Fact]
    public async Task LimitOfCost_UsedUp_IsInsufficientQuotaInDollars()
    {
        await using var relay = await StartAsync();

        // Each call holds 16 tokens of input and 84 of output: 0.00088 dollars.
        var caller = await RelayCaller.NewAsync(relay, _upstream, new KeyLimit("cost", "month", 0.0009m));
        using var admitted = await caller.PostAsync(RelayCaller.Chat("\"max_tokens\":84"));
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
        await admitted.Content.ReadAsStringAsync();

        using var refused = await caller.PostAsync(RelayCaller.Chat("\"max_tokens\":84"));

        var cost = (await relay.GetAsync($"keys/{caller.Key.Id}/usage")).GetProperty("totals").GetProperty("cost").GetProperty("value").GetDecimal();
        var limit = Assert.Single((await caller.UsageAsync()).Limits);
        Assert.Equal((0.0009m, cost, 0m, 0.0009m - cost), (Number(limit, "amount"), Number(limit, "used"), Number(limit, "held"), Number(limit, "remaining")));
        var error = await Errors.ReadAsync(refused, HttpStatusCode.TooManyRequests);
        Assert.Equal(("insufficient_quota", "insufficient_quota"), (error.Type, error.Code));
        Assert.StartsWith($"The limit of $0.0009 per month of key {caller.Key.Id} is reached: $0.00", error.Message, StringComparison.Ordinal);
        Assert.Contains(" left; this call needs $0.00088.", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, caller.CallsBilled);
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Forbidden)]
    [InlineData("Refuse", HttpStatusCode.Forbidden)]
    [InlineData("Allow", HttpStatusCode.OK)]
    public async Task LimitOfCost_ModelWithoutAPrice_RefusesOrAllowsAsSet(string? setting, HttpStatusCode status)
    {
        await using var relay = await StartAsync(setting is null ? [] : [("Relay:Prices:Unknown", setting)]);
        var caller = await RelayCaller.NewAsync(relay, _upstream, new KeyLimit("cost", "month", 1));

        using var answer = await caller.PostAsync(RelayCaller.Chat(model: "nobody-knows-me"));

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, caller.CallsBilled);
        if (status == HttpStatusCode.Forbidden)
        {
            var error = await Errors.ReadAsync(answer, status);
            Assert.Equal(("invalid_request_error", "model", "model_not_priced"), (error.Type, error.Param, error.Code));
        }
    }

    [Fact]
    public async Task PriceFile_ThatChanges_IsTakenWithoutARestartAndABadOneIsNot()
    {
        await WritePricesAsync(0.01m);
        await using var relay = await StartAsync(("Relay:Prices:File", PriceFile));
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(RelayCaller.Chat(model: "own-model"));

        await File.WriteAllTextAsync(PriceFile, "{}");
        _clock.Advance(TimeSpan.FromSeconds(5));
        await relay.Logs.FindAsync(line => line["Faults"] is not null);
        await caller.AskAsync(RelayCaller.Chat(model: "own-model"));

        var taken = relay.Logs.All.Count(IsTaken);
        await WritePricesAsync(0.03m);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await relay.Logs.FindAsync(line => IsTaken(line) && relay.Logs.All.Count(IsTaken) > taken);
        await caller.AskAsync(RelayCaller.Chat(model: "own-model"));

        AssertCost(0.01m + 0.01m + 0.03m, (await relay.GetAsync($"keys/{caller.Key.Id}/usage")).GetProperty("totals"));

        static bool IsTaken(LogLine line) => line["File"] is not null && line["Faults"] is null;
    }

    [Theory]
    [InlineData("{\"prices\":[]}", "'prices'")]
    [InlineData(null, "cannot be read")]
    public async Task PriceFile_BadAtTheStart_IsAFaultOfTheSettings(string? text, string expected)
    {
        if (text is not null)
        {
            await File.WriteAllTextAsync(PriceFile, text);
        }

        var failure = await Assert.ThrowsAsync<SettingsException>(() => StartAsync(("Relay:Prices:File", PriceFile), ("Relay:Prices:ReloadSeconds", "0")));

        Assert.Equal(2, failure.Faults.Count);
        Assert.Contains(failure.Faults, fault => fault.StartsWith("Relay:Prices:File ", StringComparison.Ordinal) && fault.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reprice_APeriodOfOldPrices_BooksTheDifferenceOnceAndVerifies()
    {
        var data = Path.Combine(_folder, "data");
        RelayKey key;
        await using (var relay = await StartAsync(data))
        {
            var caller = await RelayCaller.NewAsync(relay, _upstream);
            await caller.AskAsync(RelayCaller.Chat(model: "own-model"));
            await caller.AskAsync(RelayCaller.Chat(model: "own-model"));
            await caller.AskAsync(RelayCaller.Chat());
            key = caller.Key;
        }

        await WritePricesAsync(0.25m);
        await using (var relay = await StartAsync(data, ("Relay:Prices:File", PriceFile)))
        {
            var now = _clock.GetUtcNow().ToUnixTimeSeconds();
            var before = Cost(await relay.GetAsync($"keys/{key.Id}/usage"));
            var first = await relay.PostAsync("reprice", new { from = now - 60, to = now + 60, model = "own-*" });
            var again = await relay.PostAsync("reprice", new { from = now - 60, to = now + 60 });
            var other = await relay.PostAsync("reprice", new { from = now - 120, to = now - 60 });

            Assert.Equal((2, 2, 0.5m), (first.GetProperty("calls").GetInt32(), first.GetProperty("corrections").GetInt32(), Number(first.GetProperty("cost"), "value")));
            Assert.Equal((3, 0), (again.GetProperty("calls").GetInt32(), again.GetProperty("corrections").GetInt32()));
            Assert.Equal(0, other.GetProperty("calls").GetInt32());
            var usage = await relay.GetAsync($"keys/{key.Id}/usage");
            Assert.Equal((before + 0.5m, 3), (Cost(usage), usage.GetProperty("totals").GetProperty("requests").GetInt32()));
            Assert.Equal(before + 0.5m, Cost(await relay.GetAsync($"users/{key.User}/usage")));
            await AssertVerifiedAsync(relay);
        }
    }

    [Theory]
    [InlineData("{}", "from")]
    [InlineData("{\"from\":5,\"to\":5}", "to")]
    [InlineData("{\"from\":5,\"to\":6,\"model\":\"\"}", "model")]
    public async Task Reprice_ABadPeriod_IsRefused(string body, string param)
    {
        await using var relay = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(relay.BaseUrl, "/admin/api/reprice")) { Content = new StringContent(body) };
        request.Headers.Authorization = new("Bearer", RelayApplication.AdminKey);

        using var answer = await RelayCaller.SendAsync(request);

        Assert.Equal(param, (await Errors.ReadAsync(answer, HttpStatusCode.BadRequest)).Param);
    }

    private static decimal Number(JsonElement json, string member) => json.GetProperty(member).GetDecimal();

    private static decimal Cost(JsonElement usage) => Number(usage.GetProperty("totals").GetProperty("cost"), "value");

    private static void AssertCost(decimal expected, JsonElement totals)
    {
        Assert.Equal(expected, Number(totals.GetProperty("cost"), "value"));
        Assert.Equal("""usd""", totals.GetProperty("cost").GetProperty("currency").GetString());
    }

    private static async Task AssertVerifiedAsync(RelayApplication relay) =>
        Assert.Empty((await relay.PostAsync("verify")).GetProperty("differences").EnumerateArray());

    private Task WritePricesAsync(decimal usdPerCall) => File.WriteAllTextAsync(
        PriceFile,
        JsonSerializer.Serialize(new { prices = new[] { new { models = new[] { "own-*" }, from = "2020-01-01", as_of = "2026-01-01", per_call = usdPerCall } } }));

    private Task<RelayApplication> StartAsync(params (string Name, string Value)[] settings) => StartAsync(null, settings);

    private Task<RelayApplication> StartAsync(string? data, params (string Name, string Value)[] settings) =>
        RelayApplication.StartAsync(_upstream.BaseUrl, RelaySetup.With(settings) with { Time = _clock, DataDirectory = data });
}
