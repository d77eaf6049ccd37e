using System.Net.Http.Json;
using System.Text.Json;

namespace Relay.EndToEnd.Tests.Processes;

/// <summary>Calls through a Relay that runs as a process.</summary>
internal static class Chat
{
    /// <summary>One call, read to its end.</summary>
    public static async Task<HttpResponseMessage> CallAsync(HttpClient client, string model, bool stream = false, string content = "hello there")
    {
        var response = await client.PostAsJsonAsync(
            "/v1/chat/completions",
            new { model, stream, messages = new[] { new { role = "user", content } } });
        await response.Content.LoadIntoBufferAsync();
        return response;
    }

    public static async Task<JsonElement> GetAsync(HttpClient admin, string path) =>
        await admin.GetFromJsonAsync<JsonElement>($"/admin/api/{path}");

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>();
}
