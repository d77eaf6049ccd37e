using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>A team with room for so many requests, and callers with keys of its users that use it up.</summary>
internal sealed class LimitedTeam
{
    private const int KeyCount = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly RelayCluster _cluster;
    private readonly string _id;
    private readonly List<string> _keys = [];
    private readonly TaskCompletionSource _endedEnough = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private int _ended;
    private int _enough = int.MaxValue;

    private LimitedTeam(RelayCluster cluster, string id) => (_cluster, _id) = (cluster, id);

    /// <summary>How many of its calls ended normally.</summary>
    public int Ended => Volatile.Read(ref _ended);

    public static async Task<LimitedTeam> CreateAsync(RelayCluster cluster, string id, int room)
    {
        var team = new LimitedTeam(cluster, id);
        using var admin = await cluster.AdminAsync(0);
        await PutAsync(admin, $"teams/{id}", new { limits = new[] { new { metric = "requests", window = "total", amount = room } } });
        await Task.WhenAll(Enumerable.Range(0, KeyCount / 2).Select(user => PutAsync(admin, $"users/{id}-{user}", new { team = id })));
        for (var n = 0; n < KeyCount; n++)
        {
            using var created = await admin.PostAsJsonAsync("/admin/api/keys", new { user = string.Create(CultureInfo.InvariantCulture, $"{id}-{n / 2}") });
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
            team._keys.Add((await Chat.ReadAsync(created)).GetProperty("key").GetString()!);
        }

        return team;
    }

    public static async Task PutAsync(HttpClient admin, string path, object body)
    {
        using var put = await admin.PutAsJsonAsync($"/admin/api/{path}", body);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
    }

    /// <summary>Calls until each key was refused, or until it is told to stop.</summary>
    /// <param name="way">What all of them send by.</param>
    /// <param name="callers">How many there are of each key.</param>
    /// <param name="stop">Ends them, after the call that they are at.</param>
    public Task UseUpAsync(HttpMessageHandler way, int callers, CancellationToken stop) => Task.WhenAll(
        _keys.SelectMany(key => Enumerable.Repeat(key, callers)).Select(key => Task.Run(() => CallAsync(way, key, stop), CancellationToken.None)));

    /// <summary>How many requests of the team are counted, and how many its limit says to be used.</summary>
    public async Task<(int Counted, int Used)> UsageAsync()
    {
        using var admin = await _cluster.AdminAsync(0);
        var usage = await Chat.GetAsync(admin, $"teams/{_id}/usage");
        return (usage.GetProperty("totals").GetProperty("requests").GetInt32(), usage.GetProperty("limits")[0].GetProperty("used").GetInt32());
    }

    /// <summary>Waits, once, until so many of its calls have ended normally.</summary>
    public Task EndedAsync(int count)
    {
        Volatile.Write(ref _enough, count);
        return _endedEnough.Task;
    }

    /// <summary>Waits until nothing is held any more.</summary>
    public async Task SettledAsync()
    {
        const int TriesMax = 600;
        using var admin = await _cluster.AdminAsync(0);
        for (var tries = 0; tries < TriesMax; tries++)
        {
            if ((await Chat.GetAsync(admin, $"teams/{_id}/usage")).GetProperty("limits")[0].GetProperty("held").GetInt32() == 0)
            {
                return;
            }

            await Task.Delay(Pause);
        }

        Assert.Fail("Something is held although no call runs.");
    }

    private async Task CallAsync(HttpMessageHandler way, string key, CancellationToken stop)
    {
        using var client = new HttpClient(way, disposeHandler: false) { BaseAddress = new Uri("http://relay") };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var response = await Chat.CallAsync(client, string.Create(CultureInfo.InvariantCulture, $"{_id}-{Interlocked.Increment(ref _calls)}"));
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    return;
                }

                if (response.StatusCode == HttpStatusCode.OK)
                {
                    if (Interlocked.Increment(ref _ended) >= Volatile.Read(ref _enough))
                    {
                        _endedEnough.TrySetResult();
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
            {
                // It was cut.
            }
        }
    }
}
