using System.Text.Json;

namespace Relay.Frontend.Simulation;

/// <summary>
/// Reads <c>prompt</c> and <c>input</c>: a string, an array of strings, an array of token numbers, or an array of such
/// arrays. Token numbers are turned back into text, and counted as they came.
/// </summary>
internal static class EchoInputs
{
    // OpenAI's own maximum for one request.
    private const int InputsMax = 2048;

    // The highest number in o200k, that of its last special token.
    private const int TokenMax = 200_018;

    /// <summary>The inputs; null if the value has another form or too many of them.</summary>
    public static IReadOnlyList<EchoInput>? TryRead(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return TryCount(value) is { } text ? [text] : null;
        }

        if (value.GetArrayLength() == 0)
        {
            return null;
        }

        if (value[0].ValueKind == JsonValueKind.Number)
        {
            return TryDecode(value) is { } decoded ? [decoded] : null;
        }

        if (value.GetArrayLength() > InputsMax)
        {
            return null;
        }

        var inputs = new List<EchoInput>();
        foreach (var item in value.EnumerateArray())
        {
            if ((item.ValueKind == JsonValueKind.Array ? TryDecode(item) : TryCount(item)) is not { } input)
            {
                return null;
            }

            inputs.Add(input);
        }

        return inputs;
    }

    private static EchoInput? TryCount(JsonElement value) =>
        EchoBody.Text(value) is { } text ? new EchoInput(text, EchoTokenizer.Count(text)) : null;

    private static EchoInput? TryDecode(JsonElement numbers)
    {
        var tokens = new List<int>();
        foreach (var number in numbers.EnumerateArray())
        {
            if (number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out var token)
                || token is < 0 or > TokenMax)
            {
                return null;
            }

            tokens.Add(token);
        }

        return new EchoInput(EchoTokenizer.Decode(tokens), tokens.Count);
    }
}
