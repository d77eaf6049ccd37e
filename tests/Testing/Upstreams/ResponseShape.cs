using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>The Responses API: one message, whole or as numbered, typed events.</summary>
internal sealed class ResponseShape(ModelCall call) : IAnswerShape
{
    private readonly string _id = $"resp_{Guid.NewGuid():N}";
    private readonly string _messageId = $"msg_{Guid.NewGuid():N}";
    private int _tokens;
    private int _sequence;

    public string Id => _id;

    public string? Token(int number) => GeneratedText.Token(number);

    public JsonObject? Opening(int choice) => Event("response.created", Response("in_progress", new JsonArray()));

    public JsonObject Chunk(int choice, string token)
    {
        _tokens++;
        return new JsonObject
        {
            ["type"] = "response.output_text.delta",
            ["sequence_number"] = _sequence++,
            ["item_id"] = _messageId,
            ["output_index"] = 0,
            ["content_index"] = 0,
            ["delta"] = token,
            ["logprobs"] = new JsonArray(),
        };
    }

    public JsonObject Ending(int choice, bool capped) =>
        Event(capped ? "response.incomplete" : "response.completed", Body(_tokens, capped));

    public JsonObject WithoutChoices() => throw new NotSupportedException("A response has no choices to leave out.");

    public JsonObject Body(int tokens, bool capped) => Body(capped ? "incomplete" : "completed", tokens);

    public JsonObject Body(string status, int tokens) => Response(
        status,
        tokens == 0 ? [] :
        [
            new JsonObject
            {
                ["id"] = _messageId,
                ["type"] = "message",
                ["status"] = status is "in_progress" ? "in_progress" : "completed",
                ["role"] = "assistant",
                ["content"] = new JsonArray(new JsonObject
                {
                    ["type"] = "output_text",
                    ["annotations"] = new JsonArray(),
                    ["logprobs"] = new JsonArray(),
                    ["text"] = GeneratedText.Text(tokens),
                }),
            },
        ]);

    private JsonObject Event(string type, JsonObject response) =>
        new() { ["type"] = type, ["sequence_number"] = _sequence++, ["response"] = response };

    private JsonObject Response(string status, JsonArray output) => new()
    {
        ["id"] = _id,
        ["object"] = "response",
        ["created_at"] = FakeUpstream.CreatedAt,
        ["status"] = status,
        ["background"] = false,
        ["error"] = null,
        ["incomplete_details"] = status is "incomplete" ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
        ["instructions"] = null,
        ["metadata"] = new JsonObject(),
        ["model"] = call.Model,
        ["output"] = output,
        ["parallel_tool_calls"] = true,
        ["temperature"] = 1.0,
        ["tool_choice"] = "auto",
        ["tools"] = new JsonArray(),
        ["top_p"] = 1.0,
        ["usage"] = null,
    };
}
