using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>Answers that cost nothing: moderations, counts of input, and responses that were made before.</summary>
internal static class UnbilledAnswers
{
    private const string StoredResponses = FakeUpstream.ResponsesPath + "/";

    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
        "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
    ];

    /// <summary>The status and body for a request; null where it is for none of these.</summary>
    public static (int Status, JsonObject Body)? For(UpstreamRequest request)
    {
        switch (request)
        {
            case { Method: "POST", Path: FakeUpstream.ModerationsPath }:
                return (200, new JsonObject
                {
                    ["id"] = "modr-1",
                    ["model"] = "omni-moderation-latest",
                    ["results"] = new JsonArray(new JsonObject
                    {
                        ["flagged"] = false,
                        ["categories"] = EachCategory(() => false),
                        ["category_scores"] = EachCategory(() => 0.25),
                        ["category_applied_input_types"] = EachCategory(() => new JsonArray("text")),
                    }),
                });
            case { Method: "POST", Path: FakeUpstream.InputTokensPath }:
                return (200, new JsonObject { ["object"] = "response.input_tokens", ["input_tokens"] = 7 });
        }

        if (!request.Path.StartsWith(StoredResponses, StringComparison.Ordinal))
        {
            return null;
        }

        return request.Path[StoredResponses.Length..].Split('/') switch
        {
            [var id] when request.Method is "GET" => (200, Stored(id, "completed")),
            [var id] when request.Method is "DELETE" =>
                (200, new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true }),
            [var id, "cancel"] when request.Method is "POST" => (200, Stored(id, "cancelled")),
            [_, "input_items"] when request.Method is "GET" =>
                (200, new JsonObject { ["object"] = "list", ["data"] = new JsonArray(), ["has_more"] = false }),
            _ => null,
        };
    }

    private static JsonObject EachCategory(Func<JsonNode> value) =>
        new(Categories.Select(category => KeyValuePair.Create(category, (JsonNode?)value())));

    private static JsonObject Stored(string id, string status) => new()
    {
        ["id"] = id,
        ["object"] = "response",
        ["status"] = status,
        ["usage"] = new JsonObject { ["input_tokens"] = 3, ["output_tokens"] = 4, ["total_tokens"] = 7 },
    };
}
