using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>Moderations without a judgement: nothing is ever flagged.</summary>
internal static class EchoModeration
{
    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
        "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
    ];

    /// <summary>The answer to a request; gives the fault instead where it cannot be used.</summary>
    public static JsonObject? TryAnswer(EchoBody request, out EchoFault? fault)
    {
        fault = null;
        if (request.Member("input") is not { } input)
        {
            fault = EchoFault.Missing("input");
            return null;
        }

        // An array of parts, text and pictures, is one input; an array of texts is as many.
        var inputs = input.ValueKind == JsonValueKind.Array && input.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? input.GetArrayLength()
            : 1;
        if (inputs == 0 || input.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            fault = EchoFault.Invalid("input", "expected a text, an array of texts, or an array of parts.");
            return null;
        }

        return new JsonObject
        {
            ["id"] = $"modr-{Guid.NewGuid():N}",
            ["model"] = EchoUpstreamHandler.Model,
            ["results"] = new JsonArray([.. Enumerable.Range(0, inputs).Select(_ => Result())]),
        };
    }

    private static JsonObject Result() => new()
    {
        ["flagged"] = false,
        ["categories"] = EachCategory(() => JsonValue.Create(false)),
        ["category_scores"] = EachCategory(() => JsonValue.Create(0.0)),
        ["category_applied_input_types"] = EachCategory(() => new JsonArray("text")),
    };

    private static JsonObject EachCategory(Func<JsonNode> value) =>
        new(Categories.Select(category => KeyValuePair.Create(category, (JsonNode?)value())));
}
