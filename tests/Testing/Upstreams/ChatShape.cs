using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>Chat completions: text, or one call of the first tool on offer.</summary>
internal sealed class ChatShape(ModelCall call) : IAnswerShape
{
    private static readonly string[] ToolArguments = ["{\"", "place", "\":\"", "Bodø", "\"}"];

    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly string _toolCallId = $"call_{Guid.NewGuid():N}";

    public string? Token(int number) => call.Tool is null
        ? GeneratedText.Token(number)
        : ToolArguments.ElementAtOrDefault(number);

    public JsonObject? Opening(int choice)
    {
        var delta = new JsonObject { ["role"] = "assistant", ["content"] = call.Tool is null ? "" : null };
        if (call.Tool is null)
        {
            delta["refusal"] = null;
        }
        else
        {
            delta["tool_calls"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["id"] = _toolCallId,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = call.Tool, ["arguments"] = "" },
            });
        }

        return Chunk(choice, delta, finishReason: null);
    }

    public JsonObject Chunk(int choice, string token) => Chunk(
        choice,
        call.Tool is null
            ? new JsonObject { ["content"] = token }
            : new JsonObject
            {
                ["tool_calls"] = new JsonArray(new JsonObject
                {
                    ["index"] = 0,
                    ["function"] = new JsonObject { ["arguments"] = token },
                }),
            },
        finishReason: null);

    public JsonObject Ending(int choice, bool capped) => Chunk(choice, [], FinishReason(capped));

    public JsonObject WithoutChoices() => Envelope("chat.completion.chunk", []);

    public JsonObject Body(int tokens, bool capped)
    {
        var choices = new JsonArray();
        for (var choice = 0; choice < call.Choices; choice++)
        {
            choices.Add(new JsonObject
            {
                ["index"] = choice,
                ["message"] = Message(tokens),
                ["logprobs"] = null,
                ["finish_reason"] = FinishReason(capped),
            });
        }

        return Envelope("chat.completion", choices);
    }

    private JsonObject Message(int tokens)
    {
        var message = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = call.Tool is null ? GeneratedText.Text(tokens) : null,
            ["refusal"] = null,
            ["annotations"] = new JsonArray(),
        };
        if (call.Tool is not null)
        {
            message["tool_calls"] = new JsonArray(new JsonObject
            {
                ["id"] = _toolCallId,
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = call.Tool,
                    ["arguments"] = string.Concat(ToolArguments.Take(tokens)),
                },
            });
        }

        return message;
    }

    private string FinishReason(bool capped) => capped ? "length" : call.Tool is null ? "stop" : "tool_calls";

    private JsonObject Chunk(int choice, JsonObject delta, string? finishReason) => Envelope(
        "chat.completion.chunk",
        [
            new JsonObject
            {
                ["index"] = choice,
                ["delta"] = delta,
                ["logprobs"] = null,
                ["finish_reason"] = finishReason,
            },
        ]);

    private JsonObject Envelope(string kind, JsonArray choices) => new()
    {
        ["id"] = _id,
        ["object"] = kind,
        ["created"] = FakeUpstream.CreatedAt,
        ["model"] = call.Model,
        ["service_tier"] = "default",
        ["system_fingerprint"] = "fp_scripted",
        ["choices"] = choices,
    };
}
