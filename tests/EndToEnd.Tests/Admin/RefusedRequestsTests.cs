using System.Net;
using System.Text;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Admin;

public sealed class RefusedRequestsTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    [Theory]
    [InlineData("GET", "keys")]
    [InlineData("POST", "keys")]
    [InlineData("GET", "keys/key_aaaaaaaaaaaaaaaa")]
    [InlineData("DELETE", "keys/key_aaaaaaaaaaaaaaaa")]
    [InlineData("PATCH", "keys/key_aaaaaaaaaaaaaaaa")]
    [InlineData("POST", "keys/key_aaaaaaaaaaaaaaaa/rotate")]
    [InlineData("GET", "keys/key_aaaaaaaaaaaaaaaa/usage")]
    [InlineData("GET", "users")]
    [InlineData("GET", "users/alice")]
    [InlineData("PUT", "users/alice")]
    [InlineData("GET", "users/alice/usage")]
    [InlineData("GET", "teams")]
    [InlineData("GET", "teams/growth")]
    [InlineData("PUT", "teams/growth")]
    [InlineData("GET", "teams/growth/usage")]
    [InlineData("GET", "organization")]
    [InlineData("PUT", "organization")]
    [InlineData("GET", "organization/usage")]
    [InlineData("GET", "usage")]
    [InlineData("POST", "verify")]
    public async Task AnyCall_WithoutTheAdminKey_Is401(string method, string path)
    {
        var apiKey = (await relay.CreateAsync(new { user = "curious" })).GetProperty("key").GetString();
        foreach (var key in new[] { null, apiKey, "the-admin-key-", "the-admin-ke" })
        {
            using var client = await relay.ClientAsync(key);
            using var request = new HttpRequestMessage(new HttpMethod(method), $"/admin/api/{path}");
            using var response = await client.SendAsync(request);

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            Assert.Equal("invalid_api_key", (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("code").GetString());
        }
    }

    [Theory]
    [InlineData("""{}""", "user")]
    [InlineData("""{"user":""}""", "user")]
    [InlineData("""{"user":"   "}""", "user")]
    [InlineData("""{"user":"a","name":""}""", "name")]
    [InlineData("""{"user":"a\nb"}""", "user")]
    [InlineData("""{"user":"a\u0000"}""", "user")]
    [InlineData("""{"user":"a\u0085"}""", "user")]
    [InlineData("""{"user":5}""", "user")]
    [InlineData("""{"user":"\ud800"}""", "user")]
    [InlineData("""{"user":"a","colour":"red"}""", "colour")]
    [InlineData("""{"user":"a","User":"b"}""", "User")]
    [InlineData("""{"user":"a","models":"gpt-4o"}""", "models")]
    [InlineData("""{"user":"a","models":[""]}""", "models")]
    [InlineData("""{"user":"a","models":[null]}""", "models")]
    [InlineData("""{"user":"a","expires_at":0}""", "expires_at")]
    [InlineData("""{"user":"a","expires_at":-5}""", "expires_at")]
    [InlineData("""{"user":"a","expires_at":1.5}""", "expires_at")]
    [InlineData("""{"user":"a","expires_at":"tomorrow"}""", "expires_at")]
    [InlineData("""{"user":"a","expires_at":9223372036854775807}""", "expires_at")]
    [InlineData("""{"user":"a","limits":{}}""", "limits")]
    [InlineData("""{"user":"a","limits":[null]}""", "limits[0]")]
    [InlineData("""{"user":"a","limits":[{}]}""", "limits[0].metric")]
    [InlineData("""{"user":"a","limits":[{"metric":"words","window":"day","amount":1}]}""", "limits[0].metric")]
    [InlineData("""{"user":"a","limits":[{"metric":0,"window":"day","amount":1}]}""", "limits[0].metric")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","amount":1}]}""", "limits[0].window")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"fortnight","amount":1}]}""", "limits[0].window")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"day"}]}""", "limits[0].amount")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"day","amount":-1}]}""", "limits[0].amount")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"day","amount":1.5}]}""", "limits[0].amount")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"day","amount":1000000000000001}]}""", "limits[0].amount")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"day","amount":1,"enforcement":"firm"}]}""", "limits[0].enforcement")]
    [InlineData("""{"user":"a","limits":[{"metric":"cost","window":"day","amount":0.0000000001}]}""", "limits[0].amount")]
    [InlineData("""{"user":"a","limits":[{"metric":"cost","window":"day","amount":1000000001}]}""", "limits[0].amount")]
    [InlineData("""{"user":"a","limits":[{"metric":"tokens","window":"day","amount":1,"model":""}]}""", "limits[0].model")]
    [InlineData("""{"user":"a","limits":[{"metric":"requests","window":"day","amount":1},{"metric":"tokens","window":"day","amount":1,"per":"day"}]}""", "limits[1].per")]
    public async Task Create_OneBadMember_Is400AndNamesIt(string body, string param)
    {
        using var response = await PostAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await Chat.ReadAsync(response)).GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.DoesNotContain("System.", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"user\"")]
    [InlineData("{\"user\":\"a\"")]
    [InlineData("{\"user\":\"a\"} {}")]
    [InlineData("{\"user\":\"a\",\"user\":\"b\"}")]
    public async Task Create_NoJsonObject_Is400(string body)
    {
        using var response = await PostAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_request_error", (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("name")]
    [InlineData("user")]
    public async Task Create_NameOfMoreThan128Characters_Is400(string member)
    {
        using var longest = await PostAsync($$"""{"{{member}}":"{{new string('n', 128)}}"}""");
        using var tooLong = await PostAsync($$"""{"{{member}}":"{{new string('n', 129)}}"}""");

        Assert.Equal(HttpStatusCode.Created, longest.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
        Assert.Equal(member, (await Chat.ReadAsync(tooLong)).GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Create_BodyOverOneMebibyte_Is413(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/api/keys")
        {
            Content = new StringContent($$"""{"user":"{{new string('u', 2_000_000)}}"}"""),
        };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await relay.Admin.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("1048576", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys?limit=0", "limit")]
    [InlineData("keys?limit=101", "limit")]
    [InlineData("keys?limit=x", "limit")]
    [InlineData("users?limit=0", "limit")]
    [InlineData("teams?limit=101", "limit")]
    [InlineData("usage?group_by=colour", "group_by")]
    [InlineData("usage?group_by=", "group_by")]
    [InlineData("usage?from=yesterday", "from")]
    [InlineData("usage?to=-1", "to")]
    [InlineData("usage?to=99999999999999999", "to")]
    [InlineData("usage?bucket=day", "bucket")]
    public async Task Get_BadParameter_Is400AndNamesIt(string path, string param)
    {
        using var response = await relay.Admin.GetAsync($"/admin/api/{path}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("users/nobody")]
    [InlineData("users/nobody/usage")]
    [InlineData("teams/nothing")]
    [InlineData("teams/nothing/usage")]
    [InlineData("users/%27%20OR%201%3D1--/usage")]
    [InlineData("nothing")]
    public async Task Get_WhatIsNotThere_Is404(string path)
    {
        using var response = await relay.Admin.GetAsync($"/admin/api/{path}");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("invalid_request_error", (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("type").GetString());
    }

    private Task<HttpResponseMessage> PostAsync(string body) =>
        relay.Admin.PostAsync("/admin/api/keys", new StringContent(body, Encoding.UTF8, "application/json"));
}
