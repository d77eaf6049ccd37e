using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>Text completions.</summary>
internal sealed class CompletionShape(ModelCall call) : IAnswerShape
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";

    public string? Token(int number) => GeneratedText.Token(number);

    public JsonObject? Opening(int choice) => null;

    public JsonObject Chunk(int choice, string token) => Envelope([Choice(choice, token, finishReason: null)]);

    public JsonObject Ending(int choice, bool capped) => Envelope([Choice(choice, "", FinishReason(capped))]);

    public JsonObject WithoutChoices() => Envelope([]);

    public JsonObject Body(int tokens, bool capped)
    {
        var choices = new JsonArray();
        for (var choice = 0; choice < call.Choices; choice++)
        {
            choices.Add(Choice(choice, GeneratedText.Text(tokens), FinishReason(capped)));
        }

        return Envelope(choices);
    }

    private static string FinishReason(bool capped) => capped ? "length" : "stop";

    private static JsonObject Choice(int choice, string text, string? finishReason) => new()
    {
        ["text"] = text,
        ["index"] = choice,
        ["logprobs"] = null,
        ["finish_reason"] = finishReason,
    };

    private JsonObject Envelope(JsonArray choices) => new()
    {
        ["id"] = _id,
        ["object"] = "text_completion",
        ["created"] = FakeUpstream.CreatedAt,
        ["model"] = call.Model,
        ["system_fingerprint"] = "fp_scripted",
        ["choices"] = choices,
    };
}
