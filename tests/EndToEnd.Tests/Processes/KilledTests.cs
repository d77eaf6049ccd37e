using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class KilledTests : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();
    private FakeUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        _directory.Delete();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answered_ThenRelayIsKilled_IsStillCounted(bool stream)
    {
        await using var first = await StartAsync();
        var (adminKey, apiKey) = (first.Find("Admin key: ")!, first.Find("API key: ")!);
        using var client = await first.ClientAsync(apiKey);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Chat.CallAsync(client, "gpt-4o-mini", stream)));
        await first.KillAsync();

        Assert.All(answers, answer => answer.EnsureSuccessStatusCode());
        await using var second = await StartAsync();
        using var admin = await second.ClientAsync(adminKey);
        var totals = (await Chat.GetAsync(admin, "users/admin/usage")).GetProperty("totals");
        AssertBilled(_upstream.Bill.Entries, totals);

        // The key's own grain knows the same as the ledger.
        var id = (await Chat.GetAsync(admin, "keys")).GetProperty("first_id").GetString();
        var ofKey = (await Chat.GetAsync(admin, $"keys/{id}/usage")).GetProperty("totals");
        Assert.Equal(totals.GetRawText(), ofKey.GetRawText());
    }

    [Fact]
    public async Task KilledAmidCalls_EachCallThatEndedNormally_IsCounted()
    {
        await using var first = await StartAsync();
        var (adminKey, apiKey) = (first.Find("Admin key: ")!, first.Find("API key: ")!);
        using var client = await first.ClientAsync(apiKey);

        // Each call is of a model of its own, so that the ledger tells which of them it has.
        var ended = new List<string>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var callers = Enumerable.Range(0, 4).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                var model = string.Create(CultureInfo.InvariantCulture, $"model-{caller}-{i}");
                try
                {
                    using var answer = await Chat.CallAsync(client, model, stream: i % 2 == 0);
                    answer.EnsureSuccessStatusCode();
                }
                catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
                {
                    return;
                }

                lock (ended)
                {
                    ended.Add(model);
                    if (ended.Count == 60)
                    {
                        enough.SetResult();
                    }
                }
            }
        })).ToList();
        await enough.Task;
        await first.KillAsync();
        await Task.WhenAll(callers);

        await using var second = await StartAsync();
        using var admin = await second.ClientAsync(adminKey);
        var usage = await Chat.GetAsync(admin, "usage?group_by=model");
        var tokens = usage.GetProperty("data").EnumerateArray().ToDictionary(
            row => row.GetProperty("model").GetString()!, row => row.GetProperty("total_tokens").GetInt64(), StringComparer.Ordinal);
        Assert.All(ended, model => Assert.Equal(_upstream.Bill.TotalOf(model).TotalTokens, tokens.GetValueOrDefault(model, -1)));
    }

    [Fact]
    public async Task Restart_AfterCalls_KeepsTotalsAndUsedAmounts()
    {
        await using var first = await StartAsync();
        var adminKey = first.Find("Admin key: ")!;
        using var admin = await first.ClientAsync(adminKey);
        using var created = await admin.PostAsJsonAsync("/admin/api/keys", new
        {
            user = "alice",
            limits = new object[]
            {
                new { metric = "tokens", window = "total", amount = 100_000 },
                new { metric = "requests", window = "month", amount = 50 },
            },
        });
        var key = await Chat.ReadAsync(created);
        var path = $"keys/{key.GetProperty("id").GetString()}/usage";
        using var client = await first.ClientAsync(key.GetProperty("key").GetString());
        for (var i = 0; i < 5; i++)
        {
            (await Chat.CallAsync(client, "gpt-4o-mini", stream: i % 2 == 0)).EnsureSuccessStatusCode();
        }

        var before = await Chat.GetAsync(admin, path);
        Assert.Equal(0, await first.StopAsync());

        await using var second = await StartAsync();
        using var adminAgain = await second.ClientAsync(adminKey);
        var after = await Chat.GetAsync(adminAgain, path);

        Assert.Equal(before.GetRawText(), after.GetRawText());
        Assert.Equal(_upstream.Bill.Total.TotalTokens, UsedOf(after, "tokens"));
        Assert.Equal(5, UsedOf(after, "requests"));
    }

    private static long UsedOf(JsonElement usage, string metric) => usage.GetProperty("limits").EnumerateArray()
        .Single(limit => string.Equals(limit.GetProperty("metric").GetString(), metric, StringComparison.Ordinal)).GetProperty("used").GetInt64();

    private static void AssertBilled(IReadOnlyList<UpstreamBillEntry> bill, JsonElement totals)
    {
        Assert.Equal(bill.Count, totals.GetProperty("requests").GetInt64());
        Assert.Equal(bill.Sum(entry => entry.Usage.InputTokens), totals.GetProperty("input_tokens").GetInt64());
        Assert.Equal(bill.Sum(entry => entry.Usage.CachedInputTokens), totals.GetProperty("cached_input_tokens").GetInt64());
        Assert.Equal(bill.Sum(entry => entry.Usage.OutputTokens), totals.GetProperty("output_tokens").GetInt64());
    }

    private Task<RelayProcess> StartAsync() => RelayProcess.StartAsync(
        _directory.FullPath, new Dictionary<string, string> { ["OPENAI_BASE_URL"] = _upstream.BaseUrl.ToString() });
}
