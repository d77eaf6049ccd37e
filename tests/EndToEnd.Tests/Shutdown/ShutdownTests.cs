using System.Net;
using System.Text.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Shutdown;

/// <summary>Each stage of a stop, by a clock that the test moves.</summary>
public sealed class ShutdownTests : IAsyncLifetime
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan Streams = TimeSpan.FromSeconds(41);
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(3);

    private readonly RelayClock _clock = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl,
            RelaySetup.With(("Relay:Shutdown:DelaySeconds", "7"), ("Relay:Shutdown:StreamSeconds", "41"), ("Relay:Drain:Seconds", "3")) with
            {
                Time = _clock,
            });
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Stop_DuringTheDelay_IsNotReadyButTakesCalls()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        using var client = new HttpClient { BaseAddress = _relay.BaseUrl };

        var stopped = _relay.StopAsync();
        await _clock.BeganAsync(Delay);
        using var ready = await client.GetAsync(new Uri("health/ready", UriKind.Relative));
        using var live = await client.GetAsync(new Uri("health/live", UriKind.Relative));
        using var call = await caller.PostAsync(RelayCaller.Chat());
        await call.Content.LoadIntoBufferAsync();
        await _clock.PassAsync(Delay);
        await stopped;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(
            """{"status":"unready","checks":{"shutdown":{"status":"failing","reason":"This process is shutting down."}}}""",
            await ready.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.OK, call.StatusCode);
        Assert.Equal("completed", (await caller.CallLineAsync())["Outcome"]);
    }

    [Fact]
    public async Task Stop_AfterTheDelay_RefusesNewCallsAndLetsTheRunningOneEnd()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(2).WaitFor(_gate).Complete());
        using var stream = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));
        await stream.ReadUntilAsync("\" sea\"");

        var stopped = _relay.StopAsync();
        await _clock.PassAsync(Delay);
        await _clock.BeganAsync(Streams);
        using var client = new HttpClient { BaseAddress = _relay.BaseUrl };
        using var ready = await client.GetAsync(new Uri("health/ready", UriKind.Relative));
        using var refused = await caller.PostAsync(RelayCaller.Chat());
        var error = JsonElement.Parse(await refused.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.False(stopped.IsCompleted);
        _gate.SetResult();
        await stream.ReadToEndAsync();
        await stopped;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.True(refused.Headers.ConnectionClose);
        Assert.Equal("server_is_shutting_down", error.GetProperty("code").GetString());
        Assert.True(stream.EndedWell);
        var line = await caller.CallLineAsync();
        Assert.Equal(("completed", "reported"), (line["Outcome"], line["Source"]));
    }

    [Fact]
    public async Task Stop_StreamThatTakesTooLong_IsCutAndCounted()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(2).Stall());
        using var stream = await RawClient.PostAsync(_relay, caller.Key, RelayCaller.Chat("\"stream\":true"));
        await stream.ReadUntilAsync("\" sea\"");

        var stopped = _relay.StopAsync();
        await _clock.PassAsync(Delay);
        await _clock.PassAsync(Streams);
        await _clock.PassAsync(Drain);
        await stopped;

        var line = await caller.CallLineAsync();
        Assert.Equal(("client_closed", "estimated"), (line["Outcome"], line["Source"]));
        Assert.NotEqual("0", line["OutputTokens"]);
        Assert.DoesNotContain("[DONE]", stream.Text, StringComparison.Ordinal);
        Assert.Equal("1", (await _relay.Logs.FindAsync(logged => logged.Text.Contains("are cut", StringComparison.Ordinal)))["Running"]);
        Assert.DoesNotContain(_relay.Logs.All, logged => logged.Text.Contains("have not ended in time", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stop_WithNothingRunning_WaitsForNothingButTheDelay()
    {
        var stopped = _relay.StopAsync();
        await _clock.PassAsync(Delay);

        await stopped;
    }
}
