using System.Net.Http.Json;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Admin;

/// <summary>A Relay that tests of the admin API share; each makes keys of users of its own.</summary>
public sealed class AdminFixture : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();
    private RelayProcess _relay = null!;

    public FakeUpstream Upstream { get; private set; } = null!;

    /// <summary>A client with the admin key.</summary>
    public HttpClient Admin { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Upstream = await FakeUpstream.StartAsync();
        _relay = await RelayProcess.StartAsync(
            _directory.FullPath,
            new Dictionary<string, string> { ["OPENAI_BASE_URL"] = Upstream.BaseUrl.ToString(), ["RELAY_ADMIN_KEY"] = "the-admin-key" });
        Admin = await _relay.ClientAsync("the-admin-key");
    }

    public async Task DisposeAsync()
    {
        Admin.Dispose();
        await _relay.DisposeAsync();
        await Upstream.DisposeAsync();
        _directory.Delete();
    }

    /// <summary>A client with this key, or with none.</summary>
    public Task<HttpClient> ClientAsync(string? key) => _relay.ClientAsync(key);

    /// <summary>Makes a key from a body's JSON.</summary>
    public async Task<JsonElement> CreateAsync(object body)
    {
        using var response = await Admin.PostAsJsonAsync("/admin/api/keys", body);
        Assert.Equal(201, (int)response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>Sends a body's JSON to a path under <c>/admin/api</c>.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, $"/admin/api/{path}") { Content = new StringContent(body) };
        return await Admin.SendAsync(request);
    }

    /// <summary>Reads an answer of the admin API that must be a success.</summary>
    public async Task<JsonElement> GetAsync(string path) => await Admin.GetFromJsonAsync<JsonElement>($"/admin/api/{path}");
}
