using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>Text completions.</summary>
internal sealed class EchoCompletionShape(long createdAt) : IEchoShape
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";

    public JsonObject Whole(int index, EchoChoice choice) => Text(index, choice.Text, choice.FinishReason);

    public JsonObject? Opening(int index) => null;

    public JsonObject Piece(int index, string text) => Text(index, text, finishReason: null);

    public JsonObject Ending(int index, EchoChoice choice) => Text(index, "", choice.FinishReason);

    public JsonObject Envelope(bool isChunk, JsonArray choices) => new()
    {
        ["id"] = _id,
        ["object"] = "text_completion",
        ["created"] = createdAt,
        ["model"] = EchoUpstreamHandler.Model,
        ["system_fingerprint"] = EchoUpstreamHandler.Fingerprint,
        ["choices"] = choices,
    };

    private static JsonObject Text(int index, string text, string? finishReason) => new()
    {
        ["text"] = text,
        ["index"] = index,
        ["logprobs"] = null,
        ["finish_reason"] = finishReason,
    };
}
