using System.Text.Json;

namespace Relay.Frontend.Simulation;

/// <summary>The body of a request to the simulated model; a null member counts as absent, as at OpenAI.</summary>
internal readonly struct EchoBody(JsonElement json)
{
    /// <summary>Parses a body; null if it is no JSON object.</summary>
    public static JsonDocument? TryParse(ReadOnlyMemory<byte> bytes)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes);
        }
        catch (JsonException)
        {
            return null;
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        return null;
    }

    /// <summary>A member; null if it is absent.</summary>
    public JsonElement? Member(string name) => Member(json, name);

    /// <summary>A member of an object; null if it is absent or the value is no object.</summary>
    public static JsonElement? Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var member)
        && member.ValueKind != JsonValueKind.Null
            ? member
            : null;

    /// <summary>The text of a string; null if the value is none or holds half a surrogate pair.</summary>
    public static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads a switch, false if it is absent.</summary>
    public bool TryGetFlag(string name, out bool flag)
    {
        var member = Member(name);
        flag = member is { ValueKind: JsonValueKind.True };
        return member is null or { ValueKind: JsonValueKind.True or JsonValueKind.False };
    }

    /// <summary>Reads a whole number from 1 up to a maximum, null if it is absent.</summary>
    public bool TryGetCount(string name, int max, out int? count)
    {
        count = null;
        if (Member(name) is not { } member)
        {
            return true;
        }

        if (member.ValueKind != JsonValueKind.Number || !member.TryGetInt32(out var value) || value < 1 || value > max)
        {
            return false;
        }

        count = value;
        return true;
    }
}
