using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>What the simulated model says through the Responses API: one message, whole or as typed events.</summary>
internal sealed class EchoResponse
{
    private readonly string _id = $"resp_{Guid.NewGuid():N}";
    private readonly string _messageId = $"msg_{Guid.NewGuid():N}";
    private readonly int _inputTokens;
    private readonly EchoChoice _choice;
    private readonly long _createdAt;
    private int _sequence;

    private EchoResponse(int inputTokens, EchoChoice choice, bool stream, bool inBackground, long createdAt)
    {
        (_inputTokens, _choice, Stream, InBackground, _createdAt) = (inputTokens, choice, stream, inBackground, createdAt);
    }

    /// <summary>Its id.</summary>
    public string Id => _id;

    /// <summary>Whether it can be asked for later, and is not waited for.</summary>
    public bool InBackground { get; }

    /// <summary>Whether the answer is a stream.</summary>
    public bool Stream { get; }

    private string Status => _choice.IsCapped ? "incomplete" : "completed";

    /// <summary>Reads a request; gives the fault instead where it cannot be used.</summary>
    public static EchoResponse? TryRead(EchoBody body, long createdAt, out EchoFault? fault)
    {
        var (stream, inBackground) = (false, false);
        int? cap = null;
        var input = TryReadInput(body, out fault);
        if (input is null)
        {
            return null;
        }

        if (!body.TryGetCount("max_output_tokens", int.MaxValue, out cap))
        {
            fault = EchoFault.Invalid("max_output_tokens", "expected a whole number of at least 1.");
        }
        else if (!body.TryGetFlag("stream", out stream))
        {
            fault = EchoFault.Invalid("stream", "expected true or false.");
        }
        else if (!body.TryGetFlag("background", out inBackground))
        {
            fault = EchoFault.Invalid("background", "expected true or false.");
        }

        return fault is null
            ? new EchoResponse(input.InputTokens, EchoChoice.Of(input.Text, cap ?? int.MaxValue), stream, inBackground, createdAt)
            : null;
    }

    /// <summary>Reads what goes in, <c>input</c> and <c>instructions</c>; gives the fault instead where it cannot be used.</summary>
    public static EchoMessages? TryReadInput(EchoBody body, out EchoFault? fault)
    {
        fault = null;
        var instructions = body.Member("instructions") is { } member ? EchoBody.Text(member) : "";
        if (instructions is null)
        {
            fault = EchoFault.Invalid("instructions", "expected a string.");
            return null;
        }

        if (body.Member("input") is not { } input)
        {
            fault = EchoFault.Missing("input");
            return null;
        }

        var instructionTokens = EchoTokenizer.Count(instructions);
        if (EchoBody.Text(input) is { } text)
        {
            return new EchoMessages(instructionTokens + EchoTokenizer.Count(text), text);
        }

        return EchoMessages.TryRead(input, "input", out fault) is { } messages
            ? messages with { InputTokens = messages.InputTokens + instructionTokens }
            : null;
    }

    /// <summary>What is said of it before it is made.</summary>
    public JsonObject QueuedBody() => Body("queued", [], usage: null);

    /// <summary>The whole answer.</summary>
    public JsonObject Body() => Body(Status, [Message(Status, [Part(_choice.Text)])], Usage());

    /// <summary>The answer as events, made one at a time.</summary>
    public IEnumerable<EchoEvent> Events()
    {
        yield return Event("response.created", "response", Body("in_progress", [], usage: null));
        yield return Event("response.in_progress", "response", Body("in_progress", [], usage: null));
        yield return Event("response.output_item.added", "item", Message("in_progress", []));
        yield return OfPart("response.content_part.added", "part", Part(""));
        foreach (var piece in _choice.Pieces.Where(piece => piece.Length > 0))
        {
            yield return OfPart("response.output_text.delta", "delta", piece, isGenerated: true);
        }

        yield return OfPart("response.output_text.done", "text", _choice.Text);
        yield return OfPart("response.content_part.done", "part", Part(_choice.Text));
        yield return Event("response.output_item.done", "item", Message(Status, [Part(_choice.Text)]));
        yield return Event($"response.{Status}", "response", Body());
    }

    private EchoEvent OfPart(string type, string name, JsonNode value, bool isGenerated = false)
    {
        var data = Data(type);
        data["item_id"] = _messageId;
        data["output_index"] = 0;
        data["content_index"] = 0;
        data[name] = value;
        return Event(type, data, isGenerated);
    }

    private EchoEvent Event(string type, string name, JsonObject value)
    {
        var data = Data(type);
        if (name is "item")
        {
            data["output_index"] = 0;
        }

        data[name] = value;
        return Event(type, data, isGenerated: false);
    }

    private JsonObject Data(string type) => new() { ["type"] = type, ["sequence_number"] = _sequence++ };

    private static EchoEvent Event(string type, JsonObject data, bool isGenerated) =>
        new([.. "event: "u8, .. System.Text.Encoding.UTF8.GetBytes(type), .. "\ndata: "u8, .. EchoWriter.Serialize(data), .. "\n\n"u8], isGenerated);

    private static JsonObject Part(string text) => new()
    {
        ["type"] = "output_text",
        ["annotations"] = new JsonArray(),
        ["logprobs"] = new JsonArray(),
        ["text"] = text,
    };

    private JsonObject Message(string status, JsonArray content) => new()
    {
        ["id"] = _messageId,
        ["type"] = "message",
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = content,
    };

    private JsonObject Body(string status, JsonArray output, JsonObject? usage) => new()
    {
        ["id"] = _id,
        ["object"] = "response",
        ["created_at"] = _createdAt,
        ["status"] = status,
        ["background"] = InBackground,
        ["error"] = null,
        ["incomplete_details"] = status is "incomplete" ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
        ["instructions"] = null,
        ["max_output_tokens"] = null,
        ["metadata"] = new JsonObject(),
        ["model"] = EchoUpstreamHandler.Model,
        ["output"] = output,
        ["parallel_tool_calls"] = true,
        ["previous_response_id"] = null,
        ["store"] = InBackground,
        ["temperature"] = 1.0,
        ["tool_choice"] = "auto",
        ["tools"] = new JsonArray(),
        ["top_p"] = 1.0,
        ["truncation"] = "disabled",
        ["usage"] = usage,
    };

    private JsonObject Usage() => new()
    {
        ["input_tokens"] = _inputTokens,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
        ["output_tokens"] = _choice.Pieces.Count,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
        ["total_tokens"] = _inputTokens + _choice.Pieces.Count,
    };
}
