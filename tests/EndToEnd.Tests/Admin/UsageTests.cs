using System.Globalization;
using System.Net;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;
using Relay.Grains.Usage;

namespace Relay.EndToEnd.Tests.Admin;

public sealed class UsageTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    private static readonly string[] TotalNames =
        ["requests", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "total_tokens", "cost"];

    [Fact]
    public async Task UsageOfKey_AfterCalls_IsTheUpstreamsBill()
    {
        var key = await relay.CreateAsync(new
        {
            user = "key-usage",
            limits = new object[] { new { metric = "tokens", window = "day", amount = 100_000 }, new { metric = "requests", window = "total", amount = 9 } },
        });
        await CallAsync(key, "bill-a", false);
        await CallAsync(key, "bill-a", true);
        await CallAsync(key, "bill-b", true);

        var id = key.GetProperty("id").GetString();
        var usage = await relay.GetAsync($"keys/{id}/usage");

        Assert.Equal(["id", "totals", "by_model", "limits"], NamesOf(usage));
        Assert.Equal(id, usage.GetProperty("id").GetString());
        var totals = usage.GetProperty("totals");
        Assert.Equal(TotalNames, NamesOf(totals));
        AssertBilled(3, relay.Upstream.Bill.TotalOf("bill-a") + relay.Upstream.Bill.TotalOf("bill-b"), totals);
        var models = usage.GetProperty("by_model").EnumerateArray().ToList();
        Assert.Equal(["model", .. TotalNames], NamesOf(models[0]));
        AssertBilled(2, relay.Upstream.Bill.TotalOf("bill-a"), models.Single(model => model.GetProperty("model").GetString() is "bill-a"));

        var limits = usage.GetProperty("limits").EnumerateArray().ToList();
        Assert.Equal(["metric", "window", "amount", "used", "held", "remaining", "resets_at"], NamesOf(limits[0]));
        var tokens = totals.GetProperty("total_tokens").GetInt64();
        Assert.Equal(tokens, limits[0].GetProperty("used").GetInt64());
        Assert.Equal(0, limits[0].GetProperty("held").GetInt64());
        Assert.Equal(100_000 - tokens, limits[0].GetProperty("remaining").GetInt64());
        Assert.Equal(0, limits[0].GetProperty("resets_at").GetInt64() % 86_400);
        Assert.Equal(3, limits[1].GetProperty("used").GetInt64());
        Assert.Equal(JsonValueKind.Null, limits[1].GetProperty("resets_at").ValueKind);
    }

    [Fact]
    public async Task UsageOfUser_TwoKeys_IsTheirSum()
    {
        await CallAsync(await relay.CreateAsync(new { user = "two-keys" }), "sum-a", false);
        await CallAsync(await relay.CreateAsync(new { user = "two-keys" }), "sum-b", true);

        var usage = await relay.GetAsync("users/two-keys/usage");

        Assert.Equal(["id", "totals", "by_model", "limits"], NamesOf(usage));
        Assert.Equal("two-keys", usage.GetProperty("id").GetString());
        AssertBilled(2, relay.Upstream.Bill.TotalOf("sum-a") + relay.Upstream.Bill.TotalOf("sum-b"), usage.GetProperty("totals"));
        Assert.Equal(2, usage.GetProperty("by_model").GetArrayLength());
        Assert.Equal("[]", usage.GetProperty("limits").GetRawText());
    }

    [Fact]
    public async Task UsageOfUser_WithoutCalls_IsNothing()
    {
        await relay.CreateAsync(new { user = "idle" });

        var usage = await relay.GetAsync("users/idle/usage");

        Assert.Equal(
            """{"id":"idle","totals":{"requests":0,"input_tokens":0,"cached_input_tokens":0,"output_tokens":0,"reasoning_tokens":0,"total_tokens":0,"cost":null},"by_model":[],"limits":[]}""",
            usage.GetRawText());
    }

    [Theory]
    [InlineData("user")]
    [InlineData("key")]
    [InlineData("model")]
    [InlineData("endpoint")]
    public async Task Usage_AnyGroup_SumsToTheWhole(string group)
    {
        var key = await relay.CreateAsync(new { user = $"group-{group}" });
        await CallAsync(key, $"model-{group}", true);
        var name = group switch
        {
            "user" => $"group-{group}",
            "key" => key.GetProperty("id").GetString(),
            "model" => $"model-{group}",
            _ => "/v1/chat/completions",
        };

        var whole = (await relay.GetAsync("usage")).GetProperty("data");
        var list = await relay.GetAsync($"usage?group_by={group}");

        Assert.Equal(["object", "data", "first_id", "last_id", "has_more"], NamesOf(list));
        var rows = list.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal([group, .. TotalNames], NamesOf(rows[0]));
        var row = Assert.Single(rows, row => string.Equals(row.GetProperty(group).GetString(), name, StringComparison.Ordinal));
        Assert.True(row.GetProperty("total_tokens").GetInt64() >= relay.Upstream.Bill.TotalOf($"model-{group}").TotalTokens);
        foreach (var total in TotalNames.SkipLast(1))
        {
            Assert.Equal(Assert.Single(whole.EnumerateArray()).GetProperty(total).GetInt64(), rows.Sum(other => other.GetProperty(total).GetInt64()));
        }
    }

    [Fact]
    public async Task Usage_FromAndTo_BoundsTheCalls()
    {
        var key = await relay.CreateAsync(new { user = "bounded" });
        await CallAsync(key, "bounded", false);
        var at = (await relay.GetAsync($"keys/{key.GetProperty("id").GetString()}")).GetProperty("last_used_at").GetInt64();

        Assert.Equal(1, await RequestsAsync("bounded", at - 60, at + 60));
        Assert.Equal(0, await RequestsAsync("bounded", at + 60, at + 120));
        Assert.Equal(0, await RequestsAsync("bounded", at - 120, at - 60));
    }

    [Fact]
    public async Task PastTheQuota_TheNextCall_Is429AndNotCounted()
    {
        var key = await relay.CreateAsync(new { user = "spent", limits = new[] { new { metric = "requests", window = "month", amount = 1 } } });
        await CallAsync(key, "spent", false);
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var refused = await Chat.CallAsync(client, "spent");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("insufficient_quota", (await Chat.ReadAsync(refused)).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(1, (await relay.GetAsync("users/spent/usage")).GetProperty("totals").GetProperty("requests").GetInt64());
    }

    private static IEnumerable<string> NamesOf(JsonElement json) => json.EnumerateObject().Select(member => member.Name);

    private static void AssertBilled(long requests, TokenUsage bill, JsonElement totals)
    {
        Assert.Equal(requests, totals.GetProperty("requests").GetInt64());
        Assert.Equal(bill.InputTokens, totals.GetProperty("input_tokens").GetInt64());
        Assert.Equal(bill.CachedInputTokens, totals.GetProperty("cached_input_tokens").GetInt64());
        Assert.Equal(bill.OutputTokens, totals.GetProperty("output_tokens").GetInt64());
        Assert.Equal(bill.ReasoningTokens, totals.GetProperty("reasoning_tokens").GetInt64());
        Assert.Equal(bill.TotalTokens, totals.GetProperty("total_tokens").GetInt64());
        Assert.Equal(JsonValueKind.Null, totals.GetProperty("cost").ValueKind);
    }

    private async Task<long> RequestsAsync(string user, long from, long to)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"usage?group_by=user&from={from}&to={to}");
        return (await relay.GetAsync(query)).GetProperty("data").EnumerateArray()
            .Where(row => string.Equals(row.GetProperty("user").GetString(), user, StringComparison.Ordinal))
            .Sum(row => row.GetProperty("requests").GetInt64());
    }

    private async Task CallAsync(JsonElement key, string model, bool stream)
    {
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var answer = await Chat.CallAsync(client, model, stream);
        answer.EnsureSuccessStatusCode();
    }
}
