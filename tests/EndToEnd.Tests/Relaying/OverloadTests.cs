using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>What is more than a process takes at once is refused early; what runs goes on and is counted.</summary>
public sealed class OverloadTests : IAsyncLifetime
{
    private const int BodyBytesMax = 100_000;
    private const int Calls = 3;

    private readonly TaskCompletionSource _gate = new();
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        // So many calls with the largest body have room, and no more of them.
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl,
            RelaySetup.With(
                ("Relay:Overload:Calls", $"{Calls + 1}"),
                ("Relay:Overload:BodyBytes", $"{(2 * BodyBytesMax) + (1024 * 1024)}"),
                ("Relay:MaxRequestBodyBytes", $"{BodyBytesMax}")));
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Call_WhileAsManyRunAsMay_IsRefusedAndTheseGoOn()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var running = await StartAsync(caller, Calls + 1, RelayCaller.Chat());

        using var next = await caller.PostAsync(RelayCaller.Chat());
        using var models = await RelayCaller.SendAsync(caller.Request("/v1/models"));

        Assert.Equal("server_is_overloaded", (await Errors.ReadAsync(next, HttpStatusCode.ServiceUnavailable)).Code);
        Assert.Equal("1", Assert.Single(next.Headers.GetValues("retry-after")));
        Assert.NotEqual(true, next.Headers.ConnectionClose);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, models.StatusCode);

        // Whoever looks after it still can.
        await caller.UsageAsync();

        _gate.SetResult();
        foreach (var call in running)
        {
            using var answer = await call;
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await CallUntilAdmittedAsync(caller, RelayCaller.Chat());
        await Counts.AssertBilledAsync(caller, requests: Calls + 2);
    }

    [Fact]
    public async Task Body_WhileOthersHaveTheMemory_IsRefusedUntilTheyEnd()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var large = RelayCaller.Chat().PadRight(BodyBytesMax);
        var running = await StartAsync(caller, Calls, large);

        using var next = await caller.PostAsync(large);
        Assert.Equal("server_is_overloaded", (await Errors.ReadAsync(next, HttpStatusCode.ServiceUnavailable)).Code);
        Assert.Equal("1", Assert.Single(next.Headers.GetValues("retry-after")));

        _gate.SetResult();
        foreach (var call in running)
        {
            using var answer = await call;
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await CallUntilAdmittedAsync(caller, large);
        await Counts.AssertBilledAsync(caller, requests: Calls + 1);
    }

    /// <summary>A call has its answer a moment before its place is free.</summary>
    private static async Task CallUntilAdmittedAsync(RelayCaller caller, string body)
    {
        for (var tries = 0; tries < 50; tries++)
        {
            using var response = await caller.PostAsync(body);
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                return;
            }
        }

        Assert.Fail("No call was admitted although the others are over.");
    }

    /// <summary>Starts calls that their upstream answers once the gate is open; returns when it has them all.</summary>
    private async Task<IReadOnlyList<Task<HttpResponseMessage>>> StartAsync(RelayCaller caller, int count, string body)
    {
        var calls = new List<Task<HttpResponseMessage>>();
        for (var i = 0; i < count; i++)
        {
            _upstream.Next(new UpstreamScript().WaitFor(_gate).Complete());
            calls.Add(caller.PostAsync(body));
            await _upstream.RequestReceivedAsync();
        }

        return calls;
    }
}
