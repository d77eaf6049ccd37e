using System.Net;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Admin;

public sealed class AccountsTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    private const string Shown = """[{"metric":"tokens","window":"day","amount":1000,"model":"gpt-4o*","enforcement":"hard"},{"metric":"cost","window":"month","amount":12.5,"model":null,"enforcement":"soft"}]""";
    private const string NoOrganization = """{"id":"organization","object":"organization","name":null,"status":"active","limits":[],"default_key_limits":[],"default_user_limits":[]}""";

    private const string Limits =
        """[{"metric":"tokens","window":"day","amount":1000,"model":"gpt-4o*","enforcement":"hard"},{"metric":"cost","window":"month","amount":12.5}]""";

    [Fact]
    public async Task PutUser_AllMembers_ShowsThem()
    {
        await PutAsync("teams/growth", "{}");

        var user = await PutAsync("users/all", $$"""{"name":"Al","team":"growth","status":"suspended","limits":{{Limits}}}""");

        var createdAt = user.GetProperty("created_at").GetInt64();
        Assert.Equal(
            $$"""{"id":"all","object":"user","name":"Al","team":"growth","status":"suspended","limits":{{Shown}},"created_at":{{createdAt}}}""",
            user.GetRawText());
        Assert.InRange(createdAt, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600);
        Assert.Equal(user.GetRawText(), (await relay.GetAsync("users/all")).GetRawText());
        Assert.Contains(user.GetRawText(), (await ListAsync("users")).Select(listed => listed.GetRawText()), StringComparer.Ordinal);
    }

    [Fact]
    public async Task PutTeam_AllMembers_ShowsThem()
    {
        var team = await PutAsync("teams/all", $$"""{"name":"All","status":"suspended","limits":{{Limits}}}""");

        Assert.Equal(
            $$"""{"id":"all","object":"team","name":"All","status":"suspended","limits":{{Shown}},"created_at":{{team.GetProperty("created_at").GetInt64()}}}""",
            team.GetRawText());
        Assert.Equal(team.GetRawText(), (await relay.GetAsync("teams/all")).GetRawText());
        Assert.Contains(team.GetRawText(), (await ListAsync("teams")).Select(listed => listed.GetRawText()), StringComparer.Ordinal);
    }

    [Fact]
    public async Task PutOrganization_AllMembers_ShowsThemAndEmptyBodyTakesThemBack()
    {
        Assert.Equal(NoOrganization, (await relay.GetAsync("organization")).GetRawText());

        var organization = await PutAsync(
            "organization", $$"""{"name":"Corp","status":"suspended","limits":{{Limits}},"default_key_limits":{{Limits}},"default_user_limits":{{Limits}}}""");

        Assert.Equal(
            $$"""{"id":"organization","object":"organization","name":"Corp","status":"suspended","limits":{{Shown}},"default_key_limits":{{Shown}},"default_user_limits":{{Shown}}}""",
            organization.GetRawText());
        Assert.Equal(organization.GetRawText(), (await relay.GetAsync("organization")).GetRawText());
        Assert.Equal(NoOrganization, (await PutAsync("organization", "{}")).GetRawText());
    }

    [Theory]
    [InlineData("users")]
    [InlineData("teams")]
    public async Task Put_Again_ReplacesEverythingAndResumes(string accounts)
    {
        var before = await PutAsync($"{accounts}/again", $$"""{"name":"x","status":"suspended","limits":{{Limits}}}""");

        var after = await PutAsync($"{accounts}/again", """{"limits":[]}""");

        Assert.Equal(JsonValueKind.Null, after.GetProperty("name").ValueKind);
        Assert.Equal("active", after.GetProperty("status").GetString());
        Assert.Equal(0, after.GetProperty("limits").GetArrayLength());
        Assert.Equal(before.GetProperty("created_at").GetInt64(), after.GetProperty("created_at").GetInt64());
    }

    [Theory]
    [InlineData("sales/berlin", "sales/berlin")]
    [InlineData("sales%2Fberlin", "sales%2Fberlin")]
    [InlineData("usage", "usage")]
    [InlineData("Zoë 🦊 李 %_\\ <b>'", "Zoë 🦊 李 %_\\ <b>'")]
    [InlineData("spaces at the end  ", "spaces at the end")]
    public async Task OddIds_AnyCall_FindsThem(string id, string shown)
    {
        foreach (var accounts in new[] { "users", "teams" })
        {
            var path = $"{accounts}/{Uri.EscapeDataString(id)}";

            Assert.Equal(shown, (await PutAsync(path, "{}")).GetProperty("id").GetString());
            Assert.Equal(shown, (await relay.GetAsync(path)).GetProperty("id").GetString());
            Assert.Equal(shown, (await relay.GetAsync($"{path}/usage")).GetProperty("id").GetString());
        }

        var key = await relay.CreateAsync(new { user = id });
        Assert.Equal(shown, key.GetProperty("user").GetString());
        Assert.Equal(shown, (await PutAsync("users/member", $$"""{"team":{{JsonSerializer.Serialize(id)}}}""")).GetProperty("team").GetString());
    }

    [Fact]
    public async Task PutUser_OfATeamThatIsNotThere_Is400AndMakesNothing()
    {
        using var response = await relay.SendAsync(HttpMethod.Put, "users/lost", """{"team":"nowhere"}""");

        var error = await Errors.ReadAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal("team", error.Param);
        Assert.Contains("nowhere", error.Message, StringComparison.Ordinal);
        using var lost = await relay.Admin.GetAsync("/admin/api/users/lost");
        Assert.Equal(HttpStatusCode.NotFound, lost.StatusCode);
    }

    [Fact]
    public async Task CreateKey_OfANewUser_MakesTheUser()
    {
        using var before = await relay.Admin.GetAsync("/admin/api/users/made");
        var key = await relay.CreateAsync(new { user = "made" });

        Assert.Equal(HttpStatusCode.NotFound, before.StatusCode);
        var user = await relay.GetAsync("users/made");
        Assert.Equal(
            $$"""{"id":"made","object":"user","name":null,"team":null,"status":"active","limits":[],"created_at":{{key.GetProperty("created_at").GetInt64()}}}""",
            user.GetRawText());

        // So does a key that moves.
        using var moved = await relay.SendAsync(HttpMethod.Patch, $"keys/{key.GetProperty("id").GetString()}", """{"user":"made too"}""");
        Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        Assert.Equal("made too", (await relay.GetAsync("users/made%20too")).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Defaults_OfTheOrganization_AreThoseOfWhatIsMadeWithoutLimits()
    {
        const string OfKeys = """[{"metric":"requests","window":"hour","amount":7,"model":null,"enforcement":"soft"}]""";
        const string OfUsers = """[{"metric":"tokens","window":"week","amount":9,"model":null,"enforcement":"observe"}]""";
        await relay.CreateAsync(new { user = "older" });
        await PutAsync("organization", $$"""{"default_key_limits":{{OfKeys}},"default_user_limits":{{OfUsers}}}""");
        try
        {
            Assert.Equal(OfKeys, (await relay.CreateAsync(new { user = "defaults-1" })).GetProperty("limits").GetRawText());
            Assert.Equal("[]", (await relay.CreateAsync(new { user = "defaults-1", limits = Array.Empty<object>() })).GetProperty("limits").GetRawText());
            Assert.Equal(OfUsers, (await relay.GetAsync("users/defaults-1")).GetProperty("limits").GetRawText());
            Assert.Equal("[]", (await relay.GetAsync("users/older")).GetProperty("limits").GetRawText());

            // However often it is sent.
            Assert.Equal(OfUsers, (await PutAsync("users/defaults-2", "{}")).GetProperty("limits").GetRawText());
            Assert.Equal(OfUsers, (await PutAsync("users/defaults-2", "{}")).GetProperty("limits").GetRawText());
            Assert.Equal("[]", (await PutAsync("users/defaults-2", """{"limits":[]}""")).GetProperty("limits").GetRawText());
            Assert.Equal("[]", (await PutAsync("teams/defaults", "{}")).GetProperty("limits").GetRawText());
        }
        finally
        {
            await PutAsync("organization", "{}");
        }
    }

    [Theory]
    [InlineData("users/suspended", "user suspended")]
    [InlineData("teams/suspended", "team suspended")]
    [InlineData("organization", "the organization")]
    public async Task Suspend_AnyLevel_RefusesTheVeryNextCallAndResumeAdmitsIt(string path, string named)
    {
        await PutAsync("teams/suspended", "{}");
        var key = await relay.CreateAsync(new { user = "suspended" });
        await PutAsync("users/suspended", """{"team":"suspended"}""");
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var before = await Chat.CallAsync(client, "gpt-4o");
        var body = path.StartsWith("users", StringComparison.Ordinal) ? "\"team\":\"suspended\"" : "\"limits\":[]";

        await PutAsync(path, $$"""{{{body}},"status":"suspended"}""");
        using var refused = await Chat.CallAsync(client, "gpt-4o");
        await PutAsync(path, $$"""{{{body}}}""");
        using var after = await Chat.CallAsync(client, "gpt-4o");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (before.StatusCode, after.StatusCode));
        var error = await Errors.ReadAsync(refused, HttpStatusCode.Forbidden);
        Assert.Equal(("invalid_request_error", "account_suspended", null), (error.Type, error.Code, error.Param));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoveUser_ToAnotherTeam_CountsThereFromThenOn()
    {
        await PutAsync("teams/from", "{}");
        await PutAsync("teams/to", "{}");
        await PutAsync("users/wanderer", """{"team":"from"}""");
        var key = await relay.CreateAsync(new { user = "wanderer" });
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var first = await Chat.CallAsync(client, "gpt-4o");
        await PutAsync("users/wanderer", """{"team":"to"}""");
        using var second = await Chat.CallAsync(client, "gpt-4o");
        using var third = await Chat.CallAsync(client, "gpt-4o");

        Assert.Equal(1, await RequestsAsync("teams/from"));
        Assert.Equal(2, await RequestsAsync("teams/to"));
        Assert.Equal(3, await RequestsAsync("users/wanderer"));
    }

    [Fact]
    public async Task Usage_OfUserAndOrganization_HasTheirCallsAndTheirLimits()
    {
        await PutAsync("users/spender", """{"limits":[{"metric":"tokens","window":"day","amount":100000},{"metric":"requests","window":"total","amount":9,"model":"spent-*"}]}""");
        foreach (var model in new[] { "spent-a", "other" })
        {
            var key = await relay.CreateAsync(new { user = "spender" });
            using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
            using var answer = await Chat.CallAsync(client, model);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var usage = await relay.GetAsync("users/spender/usage");
        var everyone = await relay.GetAsync("organization/usage");

        Assert.Equal("spender", usage.GetProperty("id").GetString());
        Assert.Equal(2, usage.GetProperty("totals").GetProperty("requests").GetInt64());
        Assert.Equal(["other", "spent-a"], usage.GetProperty("by_model").EnumerateArray().Select(model => model.GetProperty("model").GetString()));
        var limits = usage.GetProperty("limits").EnumerateArray().ToList();
        var tokens = usage.GetProperty("totals").GetProperty("total_tokens").GetInt64();
        Assert.Equal((tokens, 100_000 - tokens), (limits[0].GetProperty("used").GetInt64(), limits[0].GetProperty("remaining").GetInt64()));
        Assert.Equal(0, limits[0].GetProperty("resets_at").GetInt64() % 86_400);
        Assert.Equal((1, 8), (limits[1].GetProperty("used").GetInt64(), limits[1].GetProperty("remaining").GetInt64()));
        Assert.Equal("organization", everyone.GetProperty("id").GetString());
        Assert.Equal(
            (await relay.GetAsync("usage")).GetProperty("data")[0].GetProperty("total_tokens").GetInt64(),
            everyone.GetProperty("totals").GetProperty("total_tokens").GetInt64());
    }

    [Fact]
    public async Task Usage_OfATeamWithoutCalls_IsNothing()
    {
        await PutAsync("teams/idle", """{"limits":[{"metric":"cost","window":"total","amount":0.5}]}""");

        Assert.Equal(
            """{"id":"idle","totals":{"requests":0,"input_tokens":0,"cached_input_tokens":0,"output_tokens":0,"reasoning_tokens":0,"total_tokens":0,"cost":null},"by_model":[],"limits":[{"metric":"cost","window":"total","amount":0.5,"used":0,"held":0,"remaining":0.5,"resets_at":null}]}""",
            (await relay.GetAsync("teams/idle/usage")).GetRawText());
    }

    [Theory]
    [InlineData("users")]
    [InlineData("teams")]
    public async Task List_LimitAndAfter_WalksThroughAllOnceInOrder(string accounts)
    {
        foreach (var id in new[] { "w c", "W b", "wé", "w/a", "w_" })
        {
            await PutAsync($"{accounts}/{Uri.EscapeDataString(id)}", "{}");
        }

        var seen = new List<string>();
        string? after = null;
        JsonElement page;
        do
        {
            page = await relay.GetAsync($"{accounts}?limit=2{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            var ids = page.GetProperty("data").EnumerateArray().Select(account => account.GetProperty("id").GetString()!).ToList();
            Assert.Equal((ids[0], ids[^1]), (page.GetProperty("first_id").GetString(), page.GetProperty("last_id").GetString()));
            seen.AddRange(ids);
            after = ids[^1];
        }
        while (page.GetProperty("has_more").GetBoolean());

        Assert.Equal(seen.Order(StringComparer.Ordinal), seen);
        Assert.Equal((await ListAsync(accounts)).Select(account => account.GetProperty("id").GetString()), seen);
        Assert.Equal(["W b", "w c", "w/a", "w_", "wé"], seen.Where(id => id is "W b" or "w c" or "w/a" or "w_" or "wé"));
    }

    [Theory]
    [InlineData("users/a", """{"colour":"red"}""", "colour")]
    [InlineData("users/a", """{"id":"a"}""", "id")]
    [InlineData("users/a", """{"default_key_limits":[]}""", "default_key_limits")]
    [InlineData("users/a", """{"name":" "}""", "name")]
    [InlineData("users/a", """{"team":""}""", "team")]
    [InlineData("users/a", """{"team":5}""", "team")]
    [InlineData("users/a", """{"status":"revoked"}""", "status")]
    [InlineData("users/a", """{"status":null}""", "status")]
    [InlineData("users/a", """{"limits":[{"metric":"tokens","window":"day"}]}""", "limits[0].amount")]
    [InlineData("users/a", """{"limits":[{"metric":"tokens","window":"day","amount":1},{"metric":"tokens","window":"day","amount":2}]}""", "limits[1]")]
    [InlineData("users/a", """{"limits":[{"metric":"concurrency","amount":1},{"metric":"concurrency","window":"day","amount":2}]}""", "limits[1]")]
    [InlineData("users/a%0Ab", "{}", "id")]
    [InlineData("users/%20", "{}", "id")]
    [InlineData("users/a", "", null)]
    [InlineData("users/a", "null", null)]
    [InlineData("teams/a", """{"team":"growth"}""", "team")]
    [InlineData("teams/a", """{"limits":[null]}""", "limits[0]")]
    [InlineData("organization", """{"team":"growth"}""", "team")]
    [InlineData("organization", """{"default_key_limits":[{"metric":"words"}]}""", "default_key_limits[0].metric")]
    [InlineData("organization", """{"default_user_limits":[{"metric":"tokens","window":"day","amount":-1}]}""", "default_user_limits[0].amount")]
    [InlineData("organization", """{"default_user_limits":[{"metric":"tokens","window":"day","amount":1},{"metric":"tokens","window":"day","amount":1}]}""", "default_user_limits[1]")]
    public async Task Put_OneBadMember_Is400AndNamesIt(string path, string body, string? param)
    {
        using var response = await relay.SendAsync(HttpMethod.Put, path, body);

        var error = await Errors.ReadAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal(("invalid_request_error", param), (error.Type, error.Param));
        Assert.DoesNotContain("Relay.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("users")]
    [InlineData("teams")]
    public async Task Put_IdOfMoreThan128Characters_Is400(string accounts)
    {
        using var longest = await relay.SendAsync(HttpMethod.Put, $"{accounts}/{new string('i', 128)}", "{}");
        using var tooLong = await relay.SendAsync(HttpMethod.Put, $"{accounts}/{new string('i', 129)}", "{}");

        Assert.Equal(HttpStatusCode.OK, longest.StatusCode);
        Assert.Equal("id", (await Errors.ReadAsync(tooLong, HttpStatusCode.BadRequest)).Param);
    }

    private async Task<long> RequestsAsync(string path) =>
        (await relay.GetAsync($"{path}/usage")).GetProperty("totals").GetProperty("requests").GetInt64();

    private async Task<JsonElement> PutAsync(string path, string body)
    {
        using var response = await relay.SendAsync(HttpMethod.Put, path, body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await Chat.ReadAsync(response);
    }

    private async Task<List<JsonElement>> ListAsync(string accounts) =>
        [.. (await relay.GetAsync($"{accounts}?limit=100")).GetProperty("data").EnumerateArray()];
}
