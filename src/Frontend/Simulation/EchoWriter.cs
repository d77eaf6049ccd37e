using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>Writes an answer in an endpoint's shape, whole or as events.</summary>
internal static class EchoWriter
{
    // Text goes out as UTF-8, as OpenAI sends it: the answers are JSON for programs, never part of a page.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes of a body.</summary>
    public static byte[] Serialize(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, Json);

    /// <summary>The whole answer.</summary>
    public static JsonObject Body(EchoAnswer answer, IEchoShape shape)
    {
        var choices = new JsonArray([.. answer.Choices.Select((choice, index) => shape.Whole(index, choice))]);
        var body = shape.Envelope(isChunk: false, choices);
        body["usage"] = Usage(answer);
        return body;
    }

    /// <summary>
    /// The answer as events, made one at a time: the choices take turns, token by token. A token that ends inside a
    /// character has no event of its own.
    /// </summary>
    public static IEnumerable<EchoEvent> Events(EchoAnswer answer, IEchoShape shape)
    {
        for (var index = 0; index < answer.Choices.Count; index++)
        {
            if (shape.Opening(index) is { } opening)
            {
                yield return Chunk(answer, shape, opening, isGenerated: false);
            }
        }

        var tokensMax = answer.Choices.Max(choice => choice.Pieces.Count);
        for (var token = 0; token < tokensMax; token++)
        {
            foreach (var (index, choice) in answer.Choices.Index())
            {
                if (token < choice.Pieces.Count && choice.Pieces[token].Length > 0)
                {
                    yield return Chunk(answer, shape, shape.Piece(index, choice.Pieces[token]), isGenerated: true);
                }
            }
        }

        foreach (var (index, choice) in answer.Choices.Index())
        {
            yield return Chunk(answer, shape, shape.Ending(index, choice), isGenerated: false);
        }

        if (answer.IncludeUsage)
        {
            var extra = shape.Envelope(isChunk: true, []);
            extra["usage"] = Usage(answer);
            yield return Event(extra, isGenerated: false);
        }

        yield return new EchoEvent("data: [DONE]\n\n"u8.ToArray(), IsGenerated: false);
    }

    private static EchoEvent Chunk(EchoAnswer answer, IEchoShape shape, JsonObject choice, bool isGenerated)
    {
        var chunk = shape.Envelope(isChunk: true, [choice]);
        if (answer.IncludeUsage)
        {
            chunk["usage"] = null;
        }

        return Event(chunk, isGenerated);
    }

    private static EchoEvent Event(JsonObject data, bool isGenerated) =>
        new([.. "data: "u8, .. Serialize(data), .. "\n\n"u8], isGenerated);

    private static JsonObject Usage(EchoAnswer answer) => new()
    {
        ["prompt_tokens"] = answer.InputTokens,
        ["completion_tokens"] = answer.OutputTokens,
        ["total_tokens"] = answer.InputTokens + answer.OutputTokens,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0, ["audio_tokens"] = 0 },
        ["completion_tokens_details"] = new JsonObject
        {
            ["reasoning_tokens"] = 0,
            ["audio_tokens"] = 0,
            ["accepted_prediction_tokens"] = 0,
            ["rejected_prediction_tokens"] = 0,
        },
    };
}
