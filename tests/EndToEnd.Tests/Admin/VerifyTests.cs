using System.Net;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;

namespace Relay.EndToEnd.Tests.Admin;

public sealed class VerifyTests(AdminFixture relay) : IClassFixture<AdminFixture>
{
    [Theory]
    [InlineData("verify", null)]
    [InlineData("verify?repair=rollups", null)]
    [InlineData("verify?repair=", "repair")]
    [InlineData("verify?repair=all", "repair")]
    [InlineData("verify?repair=rollups&repair=rollups", "repair")]
    [InlineData("verify?key=a", "key")]
    public async Task Verify_AnyParameters_AreKnownOrRefused(string path, string? wrong)
    {
        using var response = await relay.Admin.PostAsync($"/admin/api/{path}", null);

        Assert.Equal(wrong is null ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        if (wrong is not null)
        {
            Assert.Equal(wrong, (await Chat.ReadAsync(response)).GetProperty("error").GetProperty("param").GetString());
        }
    }

    [Fact]
    public async Task Verify_MoreKeysThanAPage_ComparesAllAndFindsNothing()
    {
        for (var key = 0; key < 60; key++)
        {
            await relay.CreateAsync(new { user = "many" });
        }

        using var response = await relay.Admin.PostAsync("/admin/api/verify", null);

        var body = await Chat.ReadAsync(response);
        Assert.Equal(
            ["keys", "entries", "differences", "has_more", "object"],
            body.EnumerateObject().Select(member => member.Name));
        Assert.Equal("verification", body.GetProperty("object").GetString());
        Assert.InRange(body.GetProperty("keys").GetInt64(), 60, 100);
        Assert.Equal(0, body.GetProperty("differences").GetArrayLength());
        Assert.Equal(JsonValueKind.False, body.GetProperty("has_more").ValueKind);
    }
}
