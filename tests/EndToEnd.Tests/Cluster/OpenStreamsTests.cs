using System.Globalization;
using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Faults;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>200 streams that are open at once, each after its first token, when a silo is killed.</summary>
public sealed class OpenStreamsTests : IAsyncLifetime
{
    private const int Streams = 200;

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeUpstream _upstream = null!;
    private RelayCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _cluster = await RelayCluster.StartAsync(_upstream.BaseUrl, silos: 3, frontends: 2);
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
    public async Task Silo_KilledAmid200Streams_EachOfThemEndsAndIsCountedOnce()
    {
        var keys = await FaultCheck.CreateKeysAsync(_cluster.Frontends[0], RelayCluster.AdminKey, count: 12);
        var frontends = await _cluster.AddressesAsync();
        var streams = await Task.WhenAll(Enumerable.Range(0, Streams).Select(n => OpenAsync(frontends[n % 2], keys[n % keys.Count], n)));

        await _cluster.Silos[Random.Shared.Next(3)].KillAsync();
        _gate.SetResult();
        var ends = await Task.WhenAll(streams.Select(ReadToEndAsync));

        Assert.All(ends, end => Assert.EndsWith("data: [DONE]\n\n", end, StringComparison.Ordinal));
        var load = new FaultLoad();
        await FaultCheck.AssertCountedAsync(_cluster.Frontends[0], RelayCluster.AdminKey, keys, load, _upstream);
        await FaultCheck.AssertCountedAsync(_cluster.Frontends[1], RelayCluster.AdminKey, keys, load, _upstream);
        using var admin = await _cluster.AdminAsync(0);
        var rows = (await Chat.GetAsync(admin, "usage?group_by=model")).GetProperty("data").EnumerateArray()
            .Where(row => row.GetProperty("model").GetString()!.StartsWith("stream-", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(Streams, rows.Count);
        Assert.All(rows, row => Assert.Equal(
            (1, Assert.Single(_upstream.Bill.Entries, entry => string.Equals(entry.Model, row.GetProperty("model").GetString(), StringComparison.Ordinal)).Usage.OutputTokens),
            (row.GetProperty("requests").GetInt32(), row.GetProperty("output_tokens").GetInt64())));
    }

    /// <summary>Begins a stream and reads its first token, after which the upstream waits.</summary>
    private async Task<StreamReader> OpenAsync(Uri frontend, LoadKey key, int number)
    {
        var model = string.Create(CultureInfo.InvariantCulture, $"stream-{number}");
        _upstream.ForModel(model, new UpstreamScript().Tokens(1).WaitFor(_gate).Complete());
        var client = new HttpClient { BaseAddress = frontend, Timeout = TimeSpan.FromMinutes(3) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model, stream = true, messages = new[] { new { role = "user", content = "hello" } } }),
        };
        request.Headers.Add("Authorization", $"Bearer {key.Text}");
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.NotNull(await reader.ReadLineAsync());
        return reader;
    }

    private static async Task<string> ReadToEndAsync(StreamReader reader)
    {
        using (reader)
        {
            return await reader.ReadToEndAsync();
        }
    }
}
