using Relay.Grains.Keys;
using Relay.Grains.Usage;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>A verification finds nothing, though a message of it is lost, as when a silo dies meanwhile.</summary>
public sealed class VerifyFaultTests
{
    [Theory]
    [InlineData(nameof(IKeyGrain.GetSnapshotAsync))]
    [InlineData(nameof(IKeyGrain.GetPositionAsync))]
    [InlineData(nameof(IUsageVerificationGrain.VerifyAsync))]
    [InlineData(nameof(IUsageVerificationGrain.ListStrayKeysAsync))]
    public async Task Verify_MessageIsLost_IsSentAgainAndNothingDiffers(string method)
    {
        var lost = new LostMessage(method, isHeard: false);
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await RelayApplication.StartAsync(upstream.BaseUrl, new RelaySetup { GrainCalls = lost });
        var caller = await RelayCaller.NewAsync(relay, upstream);
        await caller.AskAsync(RelayCaller.Chat());

        var found = await relay.PostAsync("verify");

        Assert.True(lost.IsLost);
        Assert.Equal((1, 1), (found.GetProperty("keys").GetInt32(), found.GetProperty("entries").GetInt32()));
        Assert.Equal("[]", found.GetProperty("differences").GetRawText());
    }
}
