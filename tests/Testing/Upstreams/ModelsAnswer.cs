using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>The models that the scripted upstream lists; it answers calls for any other name too.</summary>
internal static class ModelsAnswer
{
    private static readonly string[] Names = ["gpt-4o", "gpt-4o-mini", "o3-mini", "text-embedding-3-small"];

    /// <summary>The list of all.</summary>
    public static JsonObject List() => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. Names.Select(Model)]),
    };

    /// <summary>One of them; null where there is none of that name.</summary>
    public static JsonObject? Find(string name) => Names.Contains(name, StringComparer.Ordinal) ? Model(name) : null;

    private static JsonObject Model(string name) => new()
    {
        ["id"] = name,
        ["object"] = "model",
        ["created"] = FakeUpstream.CreatedAt,
        ["owned_by"] = "system",
    };
}
