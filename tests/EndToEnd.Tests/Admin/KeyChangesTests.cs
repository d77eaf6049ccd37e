using System.Net;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Admin;

public sealed class KeyChangesTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    private const long FarFuture = 4_102_444_800;

    [Fact]
    public async Task Patch_EachMember_ChangesItAndNothingElse()
    {
        var (id, _) = await CreateAsync(new
        {
            name = "laptop",
            user = "patched",
            models = new[] { "gpt-4o*" },
            expires_at = FarFuture,
            limits = new object[] { new { metric = "tokens", window = "day", amount = 1000 }, new { metric = "concurrency", amount = 2 } },
        });
        var expected = await relay.GetAsync($"keys/{id}");
        foreach (var (member, json, shown) in new[]
        {
            ("name", "\"desk\"", "\"desk\""),
            ("name", "null", "\"patched\""),
            ("models", """["o3"]""", """["o3"]"""),
            ("models", "null", "[]"),
            ("expires_at", "null", "null"),
            ("expires_at", "4102444801", "4102444801"),
            (
                "limits",
                """[{"metric":"requests","window":"hour","amount":7,"model":"o*"}]""",
                """[{"metric":"requests","window":"hour","amount":7,"model":"o*","enforcement":"soft"}]"""),
            ("limits", "null", "[]"),
            ("user", "\"patched-2\"", "\"patched-2\""),
        })
        {
            using var response = await relay.SendAsync(HttpMethod.Patch, $"keys/{id}", $$"""{"{{member}}":{{json}}}""");

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var changed = await Chat.ReadAsync(response);
            Assert.Equal(With(expected, member, shown), changed.GetRawText());
            Assert.Equal(changed.GetRawText(), (await relay.GetAsync($"keys/{id}")).GetRawText());
            expected = changed;
        }

        using var nothing = await relay.SendAsync(HttpMethod.Patch, $"keys/{id}", "{}");
        Assert.Equal(expected.GetRawText(), (await Chat.ReadAsync(nothing)).GetRawText());
        var listed = (await relay.GetAsync("keys?limit=100")).GetProperty("data").EnumerateArray().Single(key => key.GetProperty("id").ValueEquals(id));
        Assert.Equal(expected.GetRawText(), listed.GetRawText());
    }

    [Fact]
    public async Task Patch_LimitsAndModels_HoldOnTheVeryNextCall()
    {
        var (id, text) = await CreateAsync(new { user = "narrowed" });
        using var client = await relay.ClientAsync(text);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o-mini"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "o3-mini"));

        // One limit for a family of models; the other models are not limited by it, and what was used before it counts.
        await PatchAsync(id, """{"limits":[{"metric":"requests","window":"total","amount":2,"model":"gpt-4o*"}]}""");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o"));
        using var refused = await Chat.CallAsync(client, "gpt-4o-mini");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Contains("gpt-4o*", (await Chat.ReadAsync(refused)).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "o3-mini"));
        var limit = Assert.Single((await relay.GetAsync($"keys/{id}/usage")).GetProperty("limits").EnumerateArray());
        Assert.Equal((2, 0, "gpt-4o*"), (limit.GetProperty("used").GetInt32(), limit.GetProperty("remaining").GetInt32(), limit.GetProperty("model").GetString()));

        await PatchAsync(id, """{"limits":null,"models":["o3*"]}""");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "gpt-4o"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "o3-mini"));
        await PatchAsync(id, """{"models":[]}""");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o"));
    }

    [Fact]
    public async Task Patch_User_CountsForTheNewOneFromThenOn()
    {
        var (id, text) = await CreateAsync(new { user = "mover-1" });
        using var client = await relay.ClientAsync(text);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o"));
        await PatchAsync(id, """{"user":"mover-2"}""");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o"));

        Assert.Equal(1, (await relay.GetAsync("users/mover-1/usage")).GetProperty("totals").GetProperty("requests").GetInt32());
        Assert.Equal(2, (await relay.GetAsync("users/mover-2/usage")).GetProperty("totals").GetProperty("requests").GetInt32());
        Assert.Equal(3, (await relay.GetAsync($"keys/{id}/usage")).GetProperty("totals").GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task Rotate_WithoutOverlap_ReplacesTheTextAtOnce()
    {
        var (id, text) = await CreateAsync(new { user = "rotated", limits = new[] { new { metric = "requests", window = "total", amount = 2 } } });
        using var old = await relay.ClientAsync(text);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(old, "gpt-4o"));
        var before = await relay.GetAsync($"keys/{id}");

        // With no body at all.
        using var response = await relay.SendAsync(HttpMethod.Post, $"keys/{id}/rotate", "");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        var rotated = await Chat.ReadAsync(response);
        var newText = rotated.GetProperty("key").GetString()!;
        Assert.NotEqual(text, newText);
        Assert.Equal(
            With(before, "hint", $"\"sk-relay-…{newText[^4..]}\"")[..^1] + $",\"key\":\"{newText}\"}}",
            rotated.GetRawText());
        Assert.DoesNotContain("\"key\"", (await relay.GetAsync($"keys/{id}")).GetRawText(), StringComparison.Ordinal);
        using var current = await relay.ClientAsync(newText);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(old, "gpt-4o"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(current, "gpt-4o"));

        // The key is the same one, so that its limit has no room left.
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(current, "gpt-4o"));
    }

    [Fact]
    public async Task Rotate_WithOverlap_TakesBothTextsAndNoThird()
    {
        var (id, first) = await CreateAsync(new { user = "overlapping" });
        var second = await RotateAsync(id, """{"overlap_seconds":604800}""");
        using var firstClient = await relay.ClientAsync(first);
        using var secondClient = await relay.ClientAsync(second);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(firstClient, "gpt-4o"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(secondClient, "gpt-4o"));

        using var thirdClient = await relay.ClientAsync(await RotateAsync(id, """{"overlap_seconds":3600}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(firstClient, "gpt-4o"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(secondClient, "gpt-4o"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(thirdClient, "gpt-4o"));
    }

    [Fact]
    public async Task PatchAndRotate_RevokedKey_Are400()
    {
        var (id, _) = await CreateAsync(new { user = "gone" });
        using var deleted = await relay.Admin.DeleteAsync($"/admin/api/keys/{id}");
        foreach (var (method, path) in new[] { (HttpMethod.Patch, ""), (HttpMethod.Post, "/rotate") })
        {
            using var response = await relay.SendAsync(method, $"keys/{id}{path}", "{}");

            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains("revoked", (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"colour":"red"}""", "colour")]
    [InlineData("""{"id":"key_aaaaaaaaaaaaaaaa"}""", "id")]
    [InlineData("""{"Name":"x"}""", "Name")]
    [InlineData("""{"status":"active"}""", "status")]
    [InlineData("""{"given":[]}""", "given")]
    [InlineData("""{"user":null}""", "user")]
    [InlineData("""{"user":""}""", "user")]
    [InlineData("""{"user":"a\u0000"}""", "user")]
    [InlineData("""{"name":" "}""", "name")]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"name":["x"]}""", "name")]
    [InlineData("""{"models":[null]}""", "models")]
    [InlineData("""{"models":{"0":"x"}}""", "models")]
    [InlineData("""{"expires_at":1}""", "expires_at")]
    [InlineData("""{"expires_at":1e300}""", "expires_at")]
    [InlineData("""{"limits":[{"metric":"tokens","window":"day","amount":-1}]}""", "limits[0].amount")]
    [InlineData("""{"limits":[{"metric":"tokens","window":"day","amount":1},{"metric":"tokens","window":"day"}]}""", "limits[1].amount")]
    [InlineData("""{"limits":[{"metric":"tokens","window":"day","amount":1,"model":"a","burst":5}]}""", "limits[0].burst")]
    [InlineData("""{"limits":[{"metric":"tokens","window":"day","amount":1,"amount":2}]}""", "limits[0].amount")]
    [InlineData("""{"name":"x","name":"y"}""", "name")]
    [InlineData("""[]""", null)]
    [InlineData("""null""", null)]
    [InlineData("", null)]
    [InlineData("""{"name":"x"}{}""", null)]
    public async Task Patch_WrongBody_Is400AndChangesNothing(string body, string? param)
    {
        var (id, _) = await CreateAsync(new { user = "unchanged" });
        var before = await relay.GetAsync($"keys/{id}");

        using var response = await relay.SendAsync(HttpMethod.Patch, $"keys/{id}", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await Chat.ReadAsync(response)).GetProperty("error");
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.DoesNotContain("Relay.", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(before.GetRawText(), (await relay.GetAsync($"keys/{id}")).GetRawText());
    }

    [Theory]
    [InlineData("""{"overlap_seconds":-1}""", "overlap_seconds")]
    [InlineData("""{"overlap_seconds":604801}""", "overlap_seconds")]
    [InlineData("""{"overlap_seconds":1.5}""", "overlap_seconds")]
    [InlineData("""{"overlap_seconds":"60"}""", "overlap_seconds")]
    [InlineData("""{"overlap_seconds":null}""", "overlap_seconds")]
    [InlineData("""{"overlap":60}""", "overlap")]
    [InlineData("""60""", null)]
    public async Task Rotate_WrongBody_Is400AndTheTextStays(string body, string? param)
    {
        var (id, text) = await CreateAsync(new { user = "steady" });

        using var response = await relay.SendAsync(HttpMethod.Post, $"keys/{id}/rotate", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("param").GetString());
        using var client = await relay.ClientAsync(text);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "gpt-4o"));
    }

    /// <summary>A key's JSON with another value of one member.</summary>
    private static string With(JsonElement key, string member, string value) =>
        "{" + string.Join(',', key.EnumerateObject().Select(property =>
            $"\"{property.Name}\":{(property.NameEquals(member) ? value : property.Value.GetRawText())}")) + "}";

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string model)
    {
        using var response = await Chat.CallAsync(client, model);
        return response.StatusCode;
    }

    private async Task<(string Id, string Text)> CreateAsync(object body)
    {
        var key = await relay.CreateAsync(body);
        return (key.GetProperty("id").GetString()!, key.GetProperty("key").GetString()!);
    }

    private async Task PatchAsync(string id, string body)
    {
        using var response = await relay.SendAsync(HttpMethod.Patch, $"keys/{id}", body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task<string> RotateAsync(string id, string body)
    {
        using var response = await relay.SendAsync(HttpMethod.Post, $"keys/{id}/rotate", body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await Chat.ReadAsync(response)).GetProperty("key").GetString()!;
    }
}
