using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>An answer ends well when its count is durable, in the ledger or in the outbox, and is counted once however often the ledger fails.</summary>
public sealed class SettleTests : IAsyncLifetime
{
    private readonly MemoryLedger _ledger = new();
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(_upstream.BaseUrl, RelaySetup.With(("Relay:Admission:SettleSeconds", "0.5")) with { Ledger = _ledger });
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Stream_SettleNeverCommits_EndsWellAndWaitsInTheOutbox()
    {
        _ledger.FailBeforeWriting(int.MaxValue);
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"), "Connection: close\r\n");

        await client.ReadToEndAsync();

        Assert.Equal(200, client.Status);
        Assert.EndsWith("data: [DONE]\n\n\r\n0\r\n\r\n", client.Text, StringComparison.Ordinal);
        Assert.Empty(_ledger.Entries);
        Assert.Equal(1, (await _relay.OutboxAsync()).Waiting);
    }

    [Fact]
    public async Task Body_SettleNeverCommits_EndsWellAndWaitsInTheOutbox()
    {
        _ledger.FailBeforeWriting(int.MaxValue);
        var caller = await RelayCaller.NewAsync(_relay, _upstream);

        using var response = await caller.PostAsync(RelayCaller.Chat());
        await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(_ledger.Entries);
        Assert.Equal(1, (await _relay.OutboxAsync()).Waiting);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Settle_CommitsAtTheSecondTry_EndsWellAndCountsOnce(bool stream, bool failsAfterWriting)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        if (failsAfterWriting)
        {
            _ledger.FailAfterWriting(1);
        }
        else
        {
            _ledger.FailBeforeWriting(1);
        }

        using var client = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat(stream ? "\"stream\":true" : ""), "Connection: close\r\n");
        await client.ReadToEndAsync();

        Assert.Equal(200, client.Status);
        Assert.EndsWith(stream ? "data: [DONE]\n\n\r\n0\r\n\r\n" : "}", client.Text, StringComparison.Ordinal);
        Assert.Single(_ledger.Entries);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }
}
