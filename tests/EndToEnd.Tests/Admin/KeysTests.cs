using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Admin;

public sealed class KeysTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    private const long FarFuture = 4_102_444_800;

    [Fact]
    public async Task Create_AllMembers_ShowsThemAndTheKeyOnce()
    {
        using var response = await relay.Admin.PostAsJsonAsync("/admin/api/keys", new
        {
            name = "laptop",
            user = "create-all",
            models = new[] { "gpt-4o*", "o3" },
            expires_at = FarFuture,
            limits = new object[]
            {
                new { metric = "tokens", window = "day", amount = 1000, model = "gpt-4o*", enforcement = "soft" },
                new { metric = "concurrency", amount = 2 },
            },
        });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        var key = await Chat.ReadAsync(response);
        Assert.Equal(
            ["id", "object", "name", "user", "status", "hint", "models", "limits", "created_at", "expires_at", "last_used_at", "key"],
            NamesOf(key));
        var text = key.GetProperty("key").GetString()!;
        Assert.StartsWith("sk-relay-", text, StringComparison.Ordinal);
        Assert.Equal($"sk-relay-…{text[^4..]}", key.GetProperty("hint").GetString());
        Assert.Equal("api_key", key.GetProperty("object").GetString());
        Assert.Equal("active", key.GetProperty("status").GetString());
        Assert.Equal("""["gpt-4o*","o3"]""", key.GetProperty("models").GetRawText());
        Assert.Equal(FarFuture, key.GetProperty("expires_at").GetInt64());
        Assert.Equal(JsonValueKind.Null, key.GetProperty("last_used_at").ValueKind);
        Assert.Equal(
            """[{"metric":"tokens","window":"day","amount":1000,"model":"gpt-4o*","enforcement":"soft"},{"metric":"concurrency","window":"total","amount":2,"model":null,"enforcement":"soft"}]""",
            key.GetProperty("limits").GetRawText());

        var shown = await relay.GetAsync($"keys/{key.GetProperty("id").GetString()}");
        Assert.Equal(NamesOf(key).Where(name => name is not "key"), NamesOf(shown));
        Assert.DoesNotContain(text, shown.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"only a name"}""", "only a name", "only a name")]
    [InlineData("""{"user":"only a user"}""", "only a user", "only a user")]
    public async Task Create_NameOrUserAlone_StandsForBoth(string body, string name, string user)
    {
        var key = await CreateRawAsync(body);

        Assert.Equal(name, key.GetProperty("name").GetString());
        Assert.Equal(user, key.GetProperty("user").GetString());
    }

    [Theory]
    [InlineData("Robert'); DROP TABLE api_keys;--")]
    [InlineData("\"quoted\" and 'quoted' and `quoted`")]
    [InlineData("Zoë 🦊 李 %_\\ <b>")]
    [InlineData("sales/berlin")]
    [InlineData("sales%2Fberlin")]
    [InlineData("..")]
    public async Task Create_OddNames_ComeBackAsTheyWereAndFindTheirUsage(string name)
    {
        var key = await relay.CreateAsync(new { name, user = name });
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var answer = await Chat.CallAsync(client, "gpt-4o-mini");
        answer.EnsureSuccessStatusCode();

        var shown = await relay.GetAsync($"keys/{key.GetProperty("id").GetString()}");
        Assert.Equal(name, shown.GetProperty("name").GetString());
        var rows = (await relay.GetAsync("usage?group_by=user")).GetProperty("data").EnumerateArray();
        Assert.Equal(1, rows.Single(row => string.Equals(row.GetProperty("user").GetString(), name, StringComparison.Ordinal)).GetProperty("requests").GetInt64());
        if (name is not "..")
        {
            // HTTP clients take two dots in a path for the folder above, escaped or not.
            var usage = await relay.GetAsync($"users/{Uri.EscapeDataString(name)}/usage");
            Assert.Equal(name, usage.GetProperty("id").GetString());
            Assert.Equal(1, usage.GetProperty("totals").GetProperty("requests").GetInt64());
        }
    }

    [Fact]
    public async Task List_LimitAndAfter_WalksThroughAllKeysOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            await relay.CreateAsync(new { user = "walker" });
        }

        var seen = new List<string>();
        string? after = null;
        while (true)
        {
            var page = await relay.GetAsync($"keys?limit=2{(after is null ? "" : $"&after={after}")}");
            Assert.Equal(["object", "data", "first_id", "last_id", "has_more"], NamesOf(page));
            var ids = page.GetProperty("data").EnumerateArray().Select(key => key.GetProperty("id").GetString()!).ToList();
            Assert.Equal(ids[0], page.GetProperty("first_id").GetString());
            Assert.Equal(ids[^1], page.GetProperty("last_id").GetString());
            seen.AddRange(ids);
            after = ids[^1];
            if (!page.GetProperty("has_more").GetBoolean())
            {
                break;
            }

            Assert.Equal(2, ids.Count);
        }

        var all = (await relay.GetAsync("keys?limit=100")).GetProperty("data").EnumerateArray().Select(key => key.GetProperty("id").GetString()!);
        Assert.Equal(all, seen);
        Assert.Equal(seen.Count, seen.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task List_AfterTheLast_IsAnEmptyPage()
    {
        var page = await relay.GetAsync("keys?after=key_zzzzzzzzzzzzzzzz");

        Assert.Equal("""{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}""", page.GetRawText());
    }

    [Fact]
    public async Task Revoke_AKeyInUse_IsRefusedOnTheVeryNextCall()
    {
        var key = await relay.CreateAsync(new { user = "leaver" });
        var path = $"/admin/api/keys/{key.GetProperty("id").GetString()}";
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var before = await Chat.CallAsync(client, "gpt-4o-mini");
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        using var deleted = await relay.Admin.DeleteAsync(path);
        using var after = await Chat.CallAsync(client, "gpt-4o-mini");

        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Equal($$"""{"id":"{{key.GetProperty("id").GetString()}}","object":"api_key.deleted","deleted":true}""", await deleted.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
        var error = (await Chat.ReadAsync(after)).GetProperty("error");
        Assert.Equal("invalid_api_key", error.GetProperty("code").GetString());
        Assert.Contains("revoked", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var shown = await relay.GetAsync(path["/admin/api/".Length..]);
        Assert.Equal("revoked", shown.GetProperty("status").GetString());

        // History stays, and a second revocation changes nothing.
        Assert.Equal(1, (await relay.GetAsync("users/leaver/usage")).GetProperty("totals").GetProperty("requests").GetInt64());
        using var again = await relay.Admin.DeleteAsync(path);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task LastUsedAt_AfterACall_IsShown()
    {
        var key = await relay.CreateAsync(new { user = "seen" });
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        (await Chat.CallAsync(client, "gpt-4o-mini")).EnsureSuccessStatusCode();

        var shown = await relay.GetAsync($"keys/{key.GetProperty("id").GetString()}");

        Assert.InRange(shown.GetProperty("last_used_at").GetInt64(), shown.GetProperty("created_at").GetInt64(), FarFuture);
    }

    [Theory]
    [InlineData("key_aaaaaaaaaaaaaaaa")]
    [InlineData("key_AAAAAAAAAAAAAAAA")]
    [InlineData("key_")]
    [InlineData("x")]
    [InlineData("key_aaaaaaaaaaaaaaa%27")]
    [InlineData("k%3Akey_aaaaaaaaaaaaaaaa")]
    [InlineData("key_%F0%9F%A6%8Aaaaaaaaaaaaa")]
    public async Task UnknownId_AnyCall_Is404(string id)
    {
        foreach (var (method, path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Delete, ""), (HttpMethod.Get, "/usage"), (HttpMethod.Patch, ""), (HttpMethod.Post, "/rotate") })
        {
            using var request = new HttpRequestMessage(method, $"/admin/api/keys/{id}{path}") { Content = new StringContent("{}") };
            using var response = await relay.Admin.SendAsync(request);

            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            var error = (await Chat.ReadAsync(response)).GetProperty("error");
            Assert.Equal(["message", "type", "param", "code"], NamesOf(error));
            Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        }
    }

    private static IEnumerable<string> NamesOf(JsonElement json) => json.EnumerateObject().Select(member => member.Name);

    private async Task<JsonElement> CreateRawAsync(string body)
    {
        using var response = await relay.Admin.PostAsync("/admin/api/keys", new StringContent(body));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await Chat.ReadAsync(response);
    }
}
