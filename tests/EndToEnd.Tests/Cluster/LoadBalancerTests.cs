using System.Net;
using System.Net.Http.Json;
using Npgsql;
using Relay.EndToEnd.Tests.Faults;
using Relay.Testing.Upstreams;
using Xunit.Abstractions;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>A cluster behind the load balancer of the compose file, as clients see it.</summary>
public sealed class LoadBalancerTests(ITestOutputHelper output) : IAsyncLifetime
{
    // HAProxy notices within 2 s; on a machine that has far too much to do, it may be late by itself.
    private const int DelaySeconds = 20;

    private readonly FaultLoad _load = new(callers: 40);
    private FakeUpstream _upstream = null!;
    private RelayCluster _cluster = null!;
    private HAProxy _haproxy = null!;

    private Uri Entrance => new($"http://{_cluster.EntranceAddress}");

    public async Task InitializeAsync()
    {
        Skip.If(HAProxy.Path is null, "There is no HAProxy: install the package haproxy.");
        _upstream = await FakeUpstream.StartAsync();
        _cluster = await RelayCluster.StartAsync(_upstream.BaseUrl, silos: 3, frontends: 2, DelaySeconds);
        _haproxy = await HAProxy.StartAsync(_cluster);
    }

    public async Task DisposeAsync()
    {
        if (_haproxy is not null)
        {
            await _haproxy.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }
    }

    [SkippableFact]
    public Task EveryProcess_RestartedInTurn_NoCallFails() => RunAsync(async keys =>
    {
        foreach (var silo in _cluster.Silos.Keys.ToList())
        {
            Assert.Equal(0, await _cluster.Silos[silo].StopAsync());
            await _cluster.StartSiloAsync(silo);
            await _load.EndedOfEachAsync(keys, 5);
        }

        foreach (var frontend in _cluster.Frontends.Keys.ToList())
        {
            Assert.Equal(0, await _cluster.Frontends[frontend].StopAsync());
            await _cluster.StartFrontendAsync(frontend);
            await _haproxy.HasSeenAgainAsync(frontend);
            await _load.EndedOfEachAsync(keys, 5);
        }
    });

    [SkippableFact]
    public Task Silo_Killed_NoCallFails() => RunAsync(async keys =>
    {
        await _cluster.Silos[1].KillAsync();
        await _load.EndedOfEachAsync(keys, 10);
    });

    [SkippableFact]
    public async Task Stream_EachEvent_ComesBeforeTheUpstreamGoesOn()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var keys = await FaultCheck.CreateKeysAsync(_cluster.Frontends[0], RelayCluster.AdminKey, count: 1);
        _upstream.ForModel("stream", new UpstreamScript().Tokens(1).WaitFor(gate).Complete());
        using var client = new HttpClient { BaseAddress = Entrance };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "stream", stream = true, messages = new[] { new { role = "user", content = "hello" } } }),
        };
        request.Headers.Add("Authorization", $"Bearer {keys[0].Text}");

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = await reader.ReadLineAsync();
        Assert.False(gate.Task.IsCompleted);
        gate.SetResult();

        Assert.StartsWith("data: ", first, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private async Task RunAsync(Func<IReadOnlyList<LoadKey>, Task> failAsync)
    {
        var keys = await FaultCheck.CreateKeysAsync(_cluster.Frontends[0], RelayCluster.AdminKey, count: 12);
        using var stop = new CancellationTokenSource();
        var callers = _load.RunAsync(Entrance, keys, stop.Token);
        await _load.EndedOfEachAsync(keys, 5);
        await failAsync(keys);
        await stop.CancelAsync();
        await callers;
        foreach (var frontend in _cluster.Frontends.Values)
        {
            await FaultCheck.AssertCountedAsync(frontend, RelayCluster.AdminKey, keys, _load, _upstream);
        }

        output.WriteLine($"{_load.Ended.Count} calls ended normally, {_load.Failed} failed; the longest took {_load.Longest.TotalSeconds:F1} s.");
        Assert.True(_load.Failed == 0, $"{_load.Failed} calls failed; the last refusal: {_load.LastRefusal}");
        await using var database = new NpgsqlConnection(_cluster.Postgres.ConnectionString);
        await FaultCheck.AssertWholeAsync(database);
    }
}
