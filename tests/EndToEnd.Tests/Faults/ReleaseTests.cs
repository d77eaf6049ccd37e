using System.Net;
using Relay.Grains.Keys;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>A call that was never sent upstream costs nothing, though a message to its key's grain is lost.</summary>
public sealed class ReleaseTests
{
    private static readonly KeyLimit Limit = new("requests", "day", 5);

    [Fact]
    public async Task Release_IsLost_IsSentAgainUntilTheGrainHasHeardIt()
    {
        var lost = new LostMessage(nameof(IKeyGrain.ReleaseAsync), isHeard: false);

        // Nothing listens at this port.
        await using var relay = await StartAsync(new Uri("http://127.0.0.1:1/v1"), lost);
        var caller = await RelayCaller.NewAsync(relay, null, Limit);

        using var response = await caller.PostAsync(RelayCaller.Chat());
        await response.Content.ReadAsStringAsync();
        await lost.ReleasedAsync();

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        await AssertNothingHeldAsync(caller);
    }

    [Fact]
    public async Task Reserve_ItsAnswerIsLost_IsAskedAgainAndHoldsOnce()
    {
        var lost = new LostMessage(nameof(IKeyGrain.ReserveAsync), isHeard: true);
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await StartAsync(upstream.BaseUrl, lost);
        var caller = await RelayCaller.NewAsync(relay, upstream, Limit);

        using var response = await caller.PostAsync(RelayCaller.Chat());
        await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, caller.CallsBilled);
        await AssertNothingHeldAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Reserve_ItsAnswerIsLostAndTheNextOneRefuses_IsReleased()
    {
        var refused = new RefusedRetry();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await StartAsync(upstream.BaseUrl, refused);
        var caller = await RelayCaller.NewAsync(relay, upstream, Limit);

        using var response = await caller.PostAsync(RelayCaller.Chat());
        await response.Content.ReadAsStringAsync();
        await refused.ReleasedAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        await AssertNothingHeldAsync(caller);
    }

    [Fact]
    public async Task Settle_ItsCountWaitsInTheOutbox_TheGrainIsToldOfTheCallUntilItIsSettled()
    {
        var unsettled = new UnsettledCall();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await StartAsync(upstream.BaseUrl, unsettled);
        var caller = await RelayCaller.NewAsync(relay, upstream, Limit);

        using var response = await caller.PostAsync(RelayCaller.Chat());
        await response.Content.ReadAsStringAsync();
        var told = await unsettled.ToldAsync();
        unsettled.LetSettle();
        await relay.Logs.FindAsync(line => line.Text.Contains("The outbox is empty again", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal((await caller.UsageAsync()).Tokens, told.UsageSoFar);
        await AssertNothingHeldAsync(caller, requests: 1);
    }

    private static async Task AssertNothingHeldAsync(RelayCaller caller, int requests = 0)
    {
        var usage = await caller.UsageAsync();
        Assert.Equal(requests, usage.Requests);
        Assert.Equal(0, Assert.Single(usage.Limits).GetProperty("held").GetInt64());
    }

    private static Task<RelayApplication> StartAsync(Uri upstream, IIncomingGrainCallFilter calls) =>
        RelayApplication.StartAsync(
            upstream,
            RelaySetup.With(("Relay:Cluster:RenewSeconds", "1"), ("Relay:Admission:SettleSeconds", "0.5")) with { GrainCalls = calls });
}
