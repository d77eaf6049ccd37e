using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>A key with room for so many requests, and callers that use it up.</summary>
internal sealed class LimitedKey
{
    private const int Callers = 10;

    private readonly RelayCluster _cluster;
    private readonly string _id;
    private readonly string _text;
    private readonly int _room;
    private int _calls;
    private int _ended;

    private LimitedKey(RelayCluster cluster, string id, string text, int room) => (_cluster, _id, _text, _room) = (cluster, id, text, room);

    public static async Task<LimitedKey> CreateAsync(RelayCluster cluster, int room)
    {
        using var admin = await cluster.AdminAsync(0);
        using var created = await admin.PostAsJsonAsync(
            "/admin/api/keys", new { user = "limited", limits = new[] { new { metric = "requests", window = "total", amount = room } } });
        var key = await Chat.ReadAsync(created);
        return new LimitedKey(cluster, key.GetProperty("id").GetString()!, key.GetProperty("key").GetString()!, room);
    }

    /// <summary>Calls until nothing is left, or until it is told to stop.</summary>
    public Task UseUpAsync(HttpMessageHandler way, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(() => CallAsync(way, stop), CancellationToken.None)));

    /// <summary>No more calls were admitted than there was room for; those that ended are all counted.</summary>
    public async Task AssertKeptAsync()
    {
        using var admin = await _cluster.AdminAsync(0);
        var usage = await Chat.GetAsync(admin, $"keys/{_id}/usage");
        Assert.InRange(usage.GetProperty("totals").GetProperty("requests").GetInt32(), _ended, _room);
    }

    private async Task CallAsync(HttpMessageHandler way, CancellationToken stop)
    {
        using var client = new HttpClient(way, disposeHandler: false) { BaseAddress = new Uri("http://relay") };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {_text}");
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var model = string.Create(CultureInfo.InvariantCulture, $"{_id}-{Interlocked.Increment(ref _calls)}");
                using var response = await Chat.CallAsync(client, model);
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    return;
                }

                if (response.StatusCode == HttpStatusCode.OK)
                {
                    Interlocked.Increment(ref _ended);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
            {
                // It was cut.
            }
        }
    }
}
