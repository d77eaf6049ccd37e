using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>A client that leaves is counted: exactly where the upstream comes to its end within the drain, else by what passed.</summary>
public sealed class HangUpTests : IAsyncLifetime
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(4);

    private readonly RelayClock _clock = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl,
            RelaySetup.With(("Relay:Drain:Seconds", "4"), ("Relay:Drain:Bytes", "20000")) with { Time = _clock });
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("\"stream\":true")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":true}")]
    public async Task ClientLeavesMidStream_UpstreamEndsWithinTheDrain_IsCountedExactly(string options)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream, new KeyLimit("tokens", "day", 100_000));
        _upstream.Next(new UpstreamScript().Tokens(2).WaitFor(_gate).Complete());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat(options));
        await client.ReadUntilAsync("\" sea\"");

        client.Reset();
        await _clock.BeganAsync(Drain);
        _gate.SetResult();

        var line = await caller.CallLineAsync();
        Assert.Equal(("client_closed", "reported"), (line["Outcome"], line["Source"]));
        Assert.Equal(8, caller.Billed.OutputTokens);
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.False(_upstream.Bill.Entries[^1].ClientAborted);
        Assert.Equal(0, Assert.Single((await caller.UsageAsync()).Limits).GetProperty("held").GetInt64());
    }

    [Fact]
    public async Task ClientLeavesMidStream_UpstreamGoesOnTooLong_IsAbortedAndEstimated()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(2).Stall());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));
        await client.ReadUntilAsync("\" sea\"");

        client.Reset();
        await _clock.PassAsync(Drain);

        await _upstream.ClientAbortedAsync();
        await AssertEstimatedAsync(caller, textBytesAtLeast: "The sea".Length);
        Assert.Equal(2, (await caller.UsageAsync()).Tokens.OutputTokens);
    }

    [Fact]
    public async Task ClientLeavesMidStream_UpstreamSendsTooMuch_IsAbortedAndEstimated()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(2).WaitFor(_gate).Tokens(1_000_000));
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));
        await client.ReadUntilAsync("\" sea\"");

        client.Reset();
        await _clock.BeganAsync(Drain);
        _gate.SetResult();

        await _upstream.ClientAbortedAsync();
        await AssertEstimatedAsync(caller, textBytesAtLeast: 100);
    }

    [Fact]
    public async Task ClientLeavesBeforeTheFirstByte_UpstreamAnswersWithinTheDrain_IsCountedExactly()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().WaitFor(_gate).Complete());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat());
        await _upstream.RequestReceivedAsync();

        client.Reset();
        await _clock.BeganAsync(Drain);
        _gate.SetResult();

        var line = await caller.CallLineAsync();
        Assert.Equal(("client_closed", "reported"), (line["Outcome"], line["Source"]));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task ClientLeavesBeforeTheFirstByte_UpstreamSaysNothing_IsAbortedAndItsInputEstimated()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Stall());
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat());
        await _upstream.RequestReceivedAsync();

        client.Reset();
        await _clock.PassAsync(Drain);

        await _upstream.ClientAbortedAsync();
        var line = await caller.CallLineAsync();
        Assert.Equal(("client_closed", "estimated", "499"), (line["Outcome"], line["Source"], line["Status"]));
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 0), (usage.Requests, usage.Tokens.OutputTokens));
        Assert.True(usage.Tokens.InputTokens >= caller.Billed.InputTokens);
    }

    [Fact]
    public async Task ClientLeaves_WithAFin_IsSeenToo()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(2).Stall());
        using (var response = await caller.PostAsync(RelayCaller.Chat("\"stream\":true")))
        {
            Assert.True(response.IsSuccessStatusCode);
        }

        await _clock.PassAsync(Drain);

        await _upstream.ClientAbortedAsync();
        Assert.Equal("client_closed", (await caller.CallLineAsync())["Outcome"]);
    }

    [Fact]
    public async Task ClientLeaves_AfterDone_IsANormalEnd()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));

        await client.ReadUntilAsync("data: [DONE]\n\n");
        client.Reset();

        var line = await caller.CallLineAsync();
        Assert.Equal(("completed", "reported"), (line["Outcome"], line["Source"]));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    private static async Task AssertEstimatedAsync(RelayCaller caller, int textBytesAtLeast)
    {
        var line = await caller.CallLineAsync();
        Assert.Equal(("client_closed", "estimated"), (line["Outcome"], line["Source"]));
        var usage = await caller.UsageAsync();
        Assert.Equal(1, usage.Requests);
        Assert.InRange(usage.Tokens.OutputTokens, textBytesAtLeast / 4, caller.Billed.OutputTokens);
        Assert.Equal(usage.Tokens, (await caller.UserUsageAsync()).Tokens);
    }
}
