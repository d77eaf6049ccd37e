using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>Chat completions.</summary>
internal sealed class EchoChatShape(long createdAt) : IEchoShape
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";

    public JsonObject Whole(int index, EchoChoice choice) => new()
    {
        ["index"] = index,
        ["message"] = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = choice.Text,
            ["refusal"] = null,
            ["annotations"] = new JsonArray(),
        },
        ["logprobs"] = null,
        ["finish_reason"] = choice.FinishReason,
    };

    public JsonObject? Opening(int index) =>
        Delta(index, new JsonObject { ["role"] = "assistant", ["content"] = "", ["refusal"] = null }, finishReason: null);

    public JsonObject Piece(int index, string text) =>
        Delta(index, new JsonObject { ["content"] = text }, finishReason: null);

    public JsonObject Ending(int index, EchoChoice choice) => Delta(index, [], choice.FinishReason);

    public JsonObject Envelope(bool isChunk, JsonArray choices) => new()
    {
        ["id"] = _id,
        ["object"] = isChunk ? "chat.completion.chunk" : "chat.completion",
        ["created"] = createdAt,
        ["model"] = EchoUpstreamHandler.Model,
        ["service_tier"] = "default",
        ["system_fingerprint"] = EchoUpstreamHandler.Fingerprint,
        ["choices"] = choices,
    };

    private static JsonObject Delta(int index, JsonObject delta, string? finishReason) => new()
    {
        ["index"] = index,
        ["delta"] = delta,
        ["logprobs"] = null,
        ["finish_reason"] = finishReason,
    };
}
