using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>OpenAI's error body.</summary>
internal static class ErrorAnswer
{
    /// <summary>The body; the code may be a number, as some imitations of OpenAI send it.</summary>
    public static JsonObject Body(string message, string type, JsonNode? code) => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = message,
            ["type"] = type,
            ["param"] = null,
            ["code"] = code,
        },
    };
}
