using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Faults;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>A frontend dies while it follows a response, and is away for longer than its hold lives.</summary>
public sealed class BackgroundInClusterTests : IAsyncLifetime
{
    private FakeUpstream _upstream = null!;
    private RelayCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _cluster = await RelayCluster.StartAsync(_upstream.BaseUrl, silos: 1, frontends: 1, ("Relay__Quotas__HoldTimeoutSeconds", "7"));
    }

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        await _upstream.DisposeAsync();
    }

    [SkippableFact]
    public async Task Frontend_KilledForLongerThanItsHoldLives_ChargesTheDifferenceWhenItIsBack()
    {
        var key = Assert.Single(await FaultCheck.CreateKeysAsync(_cluster.Frontends[0], RelayCluster.AdminKey, count: 1));
        using (var client = await _cluster.Frontends[0].ClientAsync(key.Text))
        using (var answer = await client.PostAsJsonAsync("/v1/responses", new { model = "gpt-4o", input = "one two three", background = true }))
        {
            answer.EnsureSuccessStatusCode();
        }

        await _cluster.Frontends[0].KillAsync();
        await _cluster.Silos[0].WroteAsync("was renewed by nobody");
        _upstream.InBackground.Generate(40);
        await _cluster.StartFrontendAsync(0);
        _upstream.InBackground.End();
        await _cluster.Frontends[0].WroteAsync("Every response in the background is counted.");

        // A call of the key first settles what the key has in the outbox, as it may on a slow machine.
        using (var client = await _cluster.Frontends[0].ClientAsync(key.Text))
        using (var answer = await client.PostAsJsonAsync("/v1/moderations", new { input = "one" }))
        {
            answer.EnsureSuccessStatusCode();
        }

        using var admin = await _cluster.AdminAsync(0);
        var totals = (await Chat.GetAsync(admin, $"keys/{key.Id}/usage")).GetProperty("totals");
        Assert.Equal(
            (2, _upstream.Bill.Total.InputTokens, _upstream.Bill.Total.OutputTokens),
            (totals.GetProperty("requests").GetInt64(), totals.GetProperty("input_tokens").GetInt64(), totals.GetProperty("output_tokens").GetInt64()));
        using var verified = await admin.PostAsJsonAsync("/admin/api/verify", new { });
        var report = await Chat.ReadAsync(verified);
        Assert.Empty(report.GetProperty("differences").EnumerateArray());

        // The count at the hold's expiry, the difference to the upstream's, and the moderation, which is free.
        Assert.Equal(3, report.GetProperty("entries").GetInt64());
    }
}
