using System.Net;
using System.Text.Json;

namespace Relay.EndToEnd.Tests;

/// <summary>Reads an error in OpenAI's form, with all four members.</summary>
internal sealed record Errors(string Message, string Type, string? Param, string? Code)
{
    public static async Task<Errors> ReadAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("req_", Assert.Single(response.Headers.GetValues("x-request-id")), StringComparison.Ordinal);
        return Read(JsonElement.Parse(text));
    }

    public static Errors Read(JsonElement body)
    {
        var error = body.GetProperty("error");
        Assert.Equal(4, error.EnumerateObject().Count());
        return new Errors(
            error.GetProperty("message").GetString()!,
            error.GetProperty("type").GetString()!,
            error.GetProperty("param").GetString(),
            error.GetProperty("code").GetString());
    }
}
