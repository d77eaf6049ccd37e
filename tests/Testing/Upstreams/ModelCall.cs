using System.Text.Json;

namespace Relay.Testing.Upstreams;

/// <summary>
/// What the fake model reads of a request. Its tokens are simple on purpose: a word of input is a token, and so is an
/// element of an array of token numbers.
/// </summary>
internal sealed record ModelCall
{
    private static readonly char[] Blanks = [' ', '\t', '\r', '\n'];

    public required string Endpoint { get; init; }

    public required string Model { get; init; }

    public bool Stream { get; private init; }

    public bool InBackground { get; private init; }

    public bool IncludeUsage { get; private init; }

    public int Choices { get; private init; } = 1;

    public int? OutputTokensMax { get; private init; }

    /// <summary>The tokens of each text or token array that came in, one a message, prompt or input.</summary>
    public IReadOnlyList<int> InputTokens { get; private init; } = [];

    /// <summary>The name of the first tool on offer; null where the model can only speak.</summary>
    public string? Tool { get; private init; }

    public bool Base64 { get; private init; }

    /// <summary>Reads a request; null where the body is not an object or names no model.</summary>
    public static ModelCall? TryRead(UpstreamRequest request)
    {
        JsonElement body;
        try
        {
            body = request.Json;
        }
        catch (JsonException)
        {
            return null;
        }

        if (body.ValueKind != JsonValueKind.Object || Member(body, "model") is not { ValueKind: JsonValueKind.String } model)
        {
            return null;
        }

        var cap = Member(body, "max_completion_tokens") ?? Member(body, "max_tokens") ?? Member(body, "max_output_tokens");
        return new ModelCall
        {
            Endpoint = request.Path,
            Model = model.GetString()!,
            Stream = IsTrue(Member(body, "stream")),
            InBackground = IsTrue(Member(body, "background")),
            IncludeUsage = Member(body, "stream_options") is { } options && IsTrue(Member(options, "include_usage")),
            Choices = Member(body, "n")?.GetInt32() ?? 1,
            OutputTokensMax = cap?.GetInt32(),
            InputTokens = CountInput(body),
            Tool = Member(body, "tools") is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0
                ? (Member(tools[0], "function") ?? tools[0]).GetProperty("name").GetString()
                : null,
            Base64 = Member(body, "encoding_format") is { } format && format.ValueEquals("base64"),
        };
    }

    private static JsonElement? Member(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object
        && body.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    private static bool IsTrue(JsonElement? value) => value is { ValueKind: JsonValueKind.True };

    private static List<int> CountInput(JsonElement body)
    {
        if (Member(body, "messages") is { } chat)
        {
            return [.. chat.EnumerateArray().Select(message => CountText(Member(message, "content")))];
        }

        return (Member(body, "input") ?? Member(body, "prompt")) switch
        {
            null => [],
            { ValueKind: JsonValueKind.String } text => [CountText(text)],
            { } numbers when numbers.GetArrayLength() > 0 && numbers[0].ValueKind == JsonValueKind.Number =>
                [numbers.GetArrayLength()],
            { } messages when messages.GetArrayLength() > 0 && messages[0].ValueKind == JsonValueKind.Object =>
                [.. messages.EnumerateArray().Select(message => CountText(Member(message, "content")))],
            { } several => [.. several.EnumerateArray().Select(CountOne)],
        };
    }

    private static int CountOne(JsonElement input) =>
        input.ValueKind == JsonValueKind.Array ? input.GetArrayLength() : CountText(input);

    private static int CountText(JsonElement? content) => content switch
    {
        { ValueKind: JsonValueKind.String } text =>
            text.GetString()!.Split(Blanks, StringSplitOptions.RemoveEmptyEntries).Length,
        { ValueKind: JsonValueKind.Array } parts =>
            parts.EnumerateArray().Sum(part => CountText(Member(part, "text"))),
        _ => 0,
    };
}
