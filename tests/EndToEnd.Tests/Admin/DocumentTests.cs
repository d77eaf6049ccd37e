using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Admin;

/// <summary>The OpenAPI document says what the admin API does, and its page needs nothing but Relay.</summary>
public sealed class DocumentTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    [Fact]
    public async Task Document_WithoutAKey_NamesEveryOperationAndTheBearerScheme()
    {
        var document = await ReadAsync();

        Assert.StartsWith("3.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            [
                "GET /admin/api/keys", "GET /admin/api/keys/{id}", "GET /admin/api/keys/{id}/usage", "GET /admin/api/outbox", "GET /admin/api/usage",
                "GET /admin/api/users", "GET /admin/api/users/{id}", "PUT /admin/api/users/{id}", "GET /admin/api/users/{id}/usage",
                "GET /admin/api/teams", "GET /admin/api/teams/{id}", "PUT /admin/api/teams/{id}", "GET /admin/api/teams/{id}/usage",
                "GET /admin/api/organization", "PUT /admin/api/organization", "GET /admin/api/organization/usage", "PATCH /admin/api/keys/{id}", "POST /admin/api/keys", "POST /admin/api/keys/{id}/rotate",
                "POST /admin/api/reprice", "POST /admin/api/verify", "DELETE /admin/api/keys/{id}",
            ],
            Operations(document).Select(operation => $"{operation.Method.ToUpperInvariant()} {operation.Path}").ToHashSet(StringComparer.Ordinal));
        var scheme = Assert.Single(document.GetProperty("components").GetProperty("securitySchemes").EnumerateObject());
        Assert.Equal("bearer", scheme.Value.GetProperty("scheme").GetString());
        Assert.True(document.GetProperty("security")[0].TryGetProperty(scheme.Name, out _));
    }

    [Fact]
    public async Task Document_EveryOperation_HasExamplesAndErrorsOfItsSchemas()
    {
        var document = await ReadAsync();
        foreach (var (_, _, operation) in Operations(document))
        {
            Assert.NotEqual("", operation.GetProperty("summary").GetString());
            var responses = operation.GetProperty("responses");
            Assert.True(responses.TryGetProperty("401", out _));
            Assert.Single(responses.EnumerateObject(), response => response.Name[0] == '2');
            foreach (var response in responses.EnumerateObject())
            {
                AssertFits(document, response.Value.GetProperty("content").GetProperty("application/json"));
            }

            if (operation.TryGetProperty("requestBody", out var body))
            {
                AssertFits(document, body.GetProperty("content").GetProperty("application/json"));
            }
        }
    }

    [Fact]
    public async Task Document_EveryMember_IsDescribed()
    {
        var document = await ReadAsync();

        Assert.Empty(document.GetProperty("components").GetProperty("schemas").EnumerateObject().SelectMany(schema => Undescribed(schema.Name, schema.Value)));
    }

    [Fact]
    public async Task Document_ExamplesOfBodies_AreTaken()
    {
        var document = await ReadAsync();
        var key = await relay.CreateAsync(new { user = "example" });

        // The team of the user's example.
        using var team = await relay.SendAsync(HttpMethod.Put, "teams/growth", "{}");
        foreach (var (method, path, operation) in Operations(document).Where(operation => operation.Json.TryGetProperty("requestBody", out _)))
        {
            var example = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("example");
            using var response = await relay.SendAsync(
                new HttpMethod(method), path["/admin/api/".Length..].Replace("{id}", key.GetProperty("id").GetString(), StringComparison.Ordinal), example.GetRawText());

            Assert.True(response.IsSuccessStatusCode);
            Assert.True(operation.GetProperty("responses").TryGetProperty($"{(int)response.StatusCode}", out var said));
            AssertFits(document, said.GetProperty("content").GetProperty("application/json").GetProperty("schema"), await Chat.ReadAsync(response));
        }
    }

    [Theory]
    [InlineData("keys", "/admin/api/keys", "get")]
    [InlineData("usage?group_by=user", "/admin/api/usage", "get")]
    [InlineData("outbox", "/admin/api/outbox", "get")]
    [InlineData("users", "/admin/api/users", "get")]
    [InlineData("users/answers", "/admin/api/users/{id}", "get")]
    [InlineData("users/answers/usage", "/admin/api/users/{id}/usage", "get")]
    [InlineData("teams", "/admin/api/teams", "get")]
    [InlineData("organization", "/admin/api/organization", "get")]
    [InlineData("organization/usage", "/admin/api/organization/usage", "get")]
    public async Task Document_Answers_AreAsItSays(string request, string path, string method)
    {
        var key = await relay.CreateAsync(new { user = "answers", limits = new[] { new { metric = "tokens", window = "day", amount = 100_000 } } });
        using var client = await relay.ClientAsync(key.GetProperty("key").GetString());
        using var call = await Chat.CallAsync(client, "gpt-4o");
        Assert.Equal(HttpStatusCode.OK, call.StatusCode);
        var document = await ReadAsync();
        var content = document.GetProperty("paths").GetProperty(path).GetProperty(method)
            .GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json");

        AssertFits(document, content.GetProperty("schema"), await relay.GetAsync(request), besides: "user");
    }

    [Fact]
    public async Task Page_WithoutAKey_LoadsNothingFromElsewhere()
    {
        using var client = await relay.ClientAsync(key: null);
        using var page = await client.GetAsync(new Uri("/admin/docs/", UriKind.Relative));
        var html = await page.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.DoesNotContain("://", html, StringComparison.Ordinal);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        var scripts = Regex.Matches(html, "src=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)).Select(match => match.Groups["path"].Value).ToList();
        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            using var response = await client.GetAsync(new Uri($"/admin/docs/{script}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    private static IEnumerable<(string Method, string Path, JsonElement Json)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select (operation.Name, path.Name, operation.Value);

    private static IEnumerable<string> Undescribed(string path, JsonElement schema)
    {
        var members = schema.TryGetProperty("properties", out var properties) ? properties.EnumerateObject() : default;
        return members.SelectMany(member => Undescribed($"{path}.{member.Name}", member.Value)
                .Concat(member.Value.TryGetProperty("description", out _) || member.Value.TryGetProperty("$ref", out _) ? [] : [$"{path}.{member.Name}"]))
            .Concat(schema.TryGetProperty("items", out var items) ? Undescribed(path + "[]", items) : []);
    }

    private static void AssertFits(JsonElement document, JsonElement content) =>
        AssertFits(document, content.GetProperty("schema"), content.GetProperty("example"));

    /// <summary>Every member is in the schema, and none that must be there is missing.</summary>
    private static void AssertFits(JsonElement document, JsonElement schema, JsonElement value, string? besides = null)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            schema = reference.GetString()!.Split('/').Skip(1).Aggregate(document, (json, name) => json.GetProperty(name));
        }

        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                AssertFits(document, schema.GetProperty("items"), item, besides);
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject().Where(member => !string.Equals(member.Name, besides, StringComparison.Ordinal)))
            {
                Assert.True(schema.GetProperty("properties").TryGetProperty(member.Name, out var inner), $"The schema has no '{member.Name}'.");
                AssertFits(document, inner, member.Value, besides);
            }

            var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!) : [];
            Assert.All(required, name => Assert.True(value.TryGetProperty(name, out _), $"'{name}' is missing."));
        }
        else if (schema.TryGetProperty("enum", out var values))
        {
            Assert.Contains(value.GetRawText(), values.EnumerateArray().Select(known => known.GetRawText()));
        }
    }

    private async Task<JsonElement> ReadAsync()
    {
        using var client = await relay.ClientAsync(key: null);
        using var response = await client.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await Chat.ReadAsync(response);
    }
}
