using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Dashboard;

public sealed class DashboardTests : IAsyncLifetime
{
    private FakeUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task Dashboard_ByDefault_IsNotThere()
    {
        await using var relay = await RelayApplication.StartAsync(_upstream.BaseUrl);
        using var client = Client(relay, Basic(RelayApplication.AdminKey));

        using var answer = await client.GetAsync(new Uri("admin/dashboard/", UriKind.Relative));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Dashboard_SwitchedOn_OpensWithTheAdminKeyOnly()
    {
        await using var relay = await StartAsync();
        AuthenticationHeaderValue?[] wrong =
        [
            null,
            new("Bearer", "wrong"),
            Basic("wrong"),
            new("Basic", "no base64!"),
            new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(RelayApplication.AdminKey))),
        ];
        foreach (var path in new[] { "admin/dashboard", "admin/dashboard/", "admin/dashboard/DashboardCounters", "ADMIN/Dashboard/index.html" })
        {
            foreach (var credentials in wrong)
            {
                using var refused = await GetAsync(relay, path, credentials);
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
                Assert.Equal("Basic", Assert.Single(refused.Headers.WwwAuthenticate).Scheme);
            }

            foreach (var credentials in new[] { Basic(RelayApplication.AdminKey), new("Bearer", RelayApplication.AdminKey) })
            {
                using var opened = await GetAsync(relay, path, credentials);
                Assert.True((int)opened.StatusCode is >= 200 and < 400, $"{path}: {opened.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task AdminApi_WithTheDashboardsBasic_StaysShut()
    {
        await using var relay = await StartAsync();

        using var answer = await GetAsync(relay, "admin/api/keys", Basic(RelayApplication.AdminKey));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Dashboard_OfAKeysGrain_ShowsNeitherTheKeyNorItsHash()
    {
        await using var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(RelayCaller.Chat());

        using var types = await GetAsync(relay, "admin/dashboard/GrainTypes", Basic(RelayApplication.AdminKey));
        var type = JsonElement.Parse(await types.Content.ReadAsStringAsync()).EnumerateArray()
            .Select(name => name.GetString()!).Single(name => name.EndsWith("KeyGrain", StringComparison.Ordinal));
        using var state = await GetAsync(
            relay, $"admin/dashboard/GrainState?grainId=k:{caller.Key.Id}&grainType={type}", Basic(RelayApplication.AdminKey));
        var text = await state.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, state.StatusCode);
        Assert.DoesNotContain(caller.Key.Text, text, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", text, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<HttpResponseMessage> GetAsync(RelayApplication relay, string path, AuthenticationHeaderValue? credentials)
    {
        using var client = Client(relay, credentials);
        return await client.GetAsync(new Uri(path, UriKind.Relative));
    }

    private static HttpClient Client(RelayApplication relay, AuthenticationHeaderValue? credentials)
    {
        // A client that follows a redirect sends its credentials no more.
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = relay.BaseUrl };
        client.DefaultRequestHeaders.Authorization = credentials;
        return client;
    }

    private static AuthenticationHeaderValue Basic(string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{password}")));

    private Task<RelayApplication> StartAsync() => RelayApplication.StartAsync(_upstream.BaseUrl, RelaySetup.With(("Relay:Dashboard:Enabled", "true")));
}
