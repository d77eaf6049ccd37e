using System.Net.Http.Json;
using System.Text;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Background;

/// <summary>Relay is killed between the answer to a response in the background and its end.</summary>
public sealed class BackgroundKilledTests : IAsyncLifetime
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
    public async Task Killed_WhileResponsesRun_EachIsChargedOnceByItsSuccessor(bool endsWhileRelayIsAway)
    {
        const int Count = 20;
        await using var first = await StartAsync();
        var (adminKey, apiKey) = (first.Find("Admin key: ")!, first.Find("API key: ")!);
        using var client = await first.ClientAsync(apiKey);
        var responses = new List<BackgroundResponse>();
        for (var i = 0; i < Count; i++)
        {
            using var answer = await client.PostAsync("/v1/responses", Ask());
            answer.EnsureSuccessStatusCode();
            responses.Add(_upstream.InBackground);
        }

        await first.KillAsync();
        if (endsWhileRelayIsAway)
        {
            responses[..(Count / 2)].ForEach(End);
        }

        await using var second = await StartAsync();
        await second.WroteAsync($"{Count} responses in the background are followed on");

        // Killed once more, amid what it settles.
        responses[..(Count / 2)].ForEach(End);
        await second.WroteAsync("its response in the background is over");
        await second.KillAsync();
        await using var third = await StartAsync();
        using var admin = await third.ClientAsync(adminKey);
        responses.ForEach(End);
        await third.WroteAsync("Every response in the background is counted.");

        var totals = (await Chat.GetAsync(admin, "users/admin/usage")).GetProperty("totals");
        Assert.Equal(Count, totals.GetProperty("requests").GetInt64());
        Assert.Equal(_upstream.Bill.Total.InputTokens, totals.GetProperty("input_tokens").GetInt64());
        Assert.Equal(_upstream.Bill.Total.OutputTokens, totals.GetProperty("output_tokens").GetInt64());
        using var verified = await admin.PostAsJsonAsync("/admin/api/verify", new { });
        Assert.Empty((await Chat.ReadAsync(verified)).GetProperty("differences").EnumerateArray());
    }

    private static StringContent Ask() =>
        new("""{"model":"gpt-4o","input":"one two three","background":true}""", Encoding.UTF8, "application/json");

    private static void End(BackgroundResponse response)
    {
        if (!response.IsOver)
        {
            response.Generate(7);
            response.End();
        }
    }

    private Task<RelayProcess> StartAsync() => RelayProcess.StartAsync(_directory.FullPath, new Dictionary<string, string>
    {
        ["OPENAI_BASE_URL"] = _upstream.BaseUrl.ToString(),
        ["Relay__Background__PollSeconds"] = "0.2",

        // Long enough that no settle goes by way of the outbox, however slow the machine is.
        ["Relay__Admission__SettleSeconds"] = "60",
    });
}
