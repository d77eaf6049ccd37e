using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>Three silos and two frontends: what one of them decides holds on all.</summary>
public sealed class QuotaAcrossTests : IAsyncLifetime
{
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
    public async Task Calls_AThousandAtOnceThroughBothFrontends_AdmitsExactlyWhatThereIsRoomFor()
    {
        const int Calls = 1_000;
        const int Room = 37;
        using var admin = await _cluster.AdminAsync(0);
        var key = await CreateAsync(admin, new { user = "ann", limits = new[] { new { metric = "requests", window = "total", amount = Room } } });
        var text = key.GetProperty("key").GetString();
        using var one = await _cluster.Frontends[0].ClientAsync(text);
        using var other = await _cluster.Frontends[1].ClientAsync(text);

        var statuses = await Task.WhenAll(Enumerable.Range(0, Calls).Select(n => CallAsync(n % 2 == 0 ? one : other)));

        Assert.Equal(Room, statuses.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(Calls - Room, statuses.Count(status => status == HttpStatusCode.TooManyRequests));
        Assert.Equal(Room, _upstream.Bill.Entries.Count);
        var usage = await Chat.GetAsync(admin, $"keys/{key.GetProperty("id").GetString()}/usage");
        Assert.Equal(Room, usage.GetProperty("totals").GetProperty("requests").GetInt32());
    }

    [SkippableFact]
    public async Task Revoke_ThroughOneFrontend_HoldsAtOnceOnTheOther()
    {
        using var admin = await _cluster.AdminAsync(0);
        for (var n = 0; n < 20; n++)
        {
            var key = await CreateAsync(admin, new { user = string.Create(CultureInfo.InvariantCulture, $"user-{n}") });
            using var other = await _cluster.Frontends[1].ClientAsync(key.GetProperty("key").GetString());
            Assert.Equal(HttpStatusCode.OK, await CallAsync(other));

            using var revoked = await admin.DeleteAsync(new Uri($"/admin/api/keys/{key.GetProperty("id").GetString()}", UriKind.Relative));

            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(other));
            using var models = await other.GetAsync(new Uri("/v1/models", UriKind.Relative));
            Assert.Equal(HttpStatusCode.Unauthorized, models.StatusCode);
        }
    }

    [SkippableFact]
    public async Task Update_LimitLoweredOrSecretReplacedThroughOneFrontend_HoldsAtOnceOnTheOther()
    {
        using var admin = await _cluster.AdminAsync(0);
        using var otherAdmin = await _cluster.AdminAsync(1);
        for (var n = 0; n < 20; n++)
        {
            var key = await CreateAsync(admin, new
            {
                user = string.Create(CultureInfo.InvariantCulture, $"changed-{n}"),
                limits = new[] { new { metric = "requests", window = "total", amount = 100 } },
            });
            var path = new Uri($"/admin/api/keys/{key.GetProperty("id").GetString()}", UriKind.Relative);
            using var other = await _cluster.Frontends[1].ClientAsync(key.GetProperty("key").GetString());
            Assert.Equal(HttpStatusCode.OK, await CallAsync(other));

            using var lowered = await admin.PatchAsJsonAsync(path, new { limits = new[] { new { metric = "requests", window = "total", amount = 1 } } });
            Assert.Equal(HttpStatusCode.OK, lowered.StatusCode);
            Assert.Equal(HttpStatusCode.TooManyRequests, await CallAsync(other));

            // And what one frontend has changed, the other changes again.
            using var raised = await otherAdmin.PatchAsJsonAsync(path, new { limits = new[] { new { metric = "requests", window = "total", amount = 2 } } });
            Assert.Equal(HttpStatusCode.OK, raised.StatusCode);
            Assert.Equal(HttpStatusCode.OK, await CallAsync(other));

            using var rotated = await admin.PostAsync(new Uri($"{path}/rotate", UriKind.Relative), content: null);
            Assert.Equal(HttpStatusCode.OK, rotated.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(other));
        }
    }

    private static async Task<System.Text.Json.JsonElement> CreateAsync(HttpClient admin, object body)
    {
        using var created = await admin.PostAsJsonAsync("/admin/api/keys", body);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        return await Chat.ReadAsync(created);
    }

    private static async Task<HttpStatusCode> CallAsync(HttpClient client)
    {
        using var response = await client.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "gpt-4o", max_tokens = 20, messages = new[] { new { role = "user", content = "hello" } } });
        return response.StatusCode;
    }
}
