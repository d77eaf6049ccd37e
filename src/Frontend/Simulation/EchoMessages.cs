using System.Text;
using System.Text.Json;

namespace Relay.Frontend.Simulation;

/// <summary>What the simulated model takes from a chat.</summary>
/// <param name="InputTokens">The tokens of all messages' texts; roles, names and tools count nothing.</param>
/// <param name="Text">The last user message, or the last message where no user spoke.</param>
internal sealed record EchoMessages(int InputTokens, string Text)
{
    /// <summary>Reads the messages; gives the fault instead where they cannot be used.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="name">The request's member that they are.</param>
    /// <param name="fault">What is wrong with them, or null.</param>
    public static EchoMessages? TryRead(JsonElement messages, string name, out EchoFault? fault)
    {
        fault = null;
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            fault = EchoFault.Invalid(name, "expected an array with at least one message.");
            return null;
        }

        var inputTokens = 0;
        var last = "";
        string? lastOfUser = null;
        foreach (var (index, message) in messages.EnumerateArray().Index())
        {
            if (EchoBody.Member(message, "role") is not { ValueKind: JsonValueKind.String } role)
            {
                fault = EchoFault.Missing($"{name}[{index}].role");
                return null;
            }

            if (TryReadText(EchoBody.Member(message, "content")) is not { } text)
            {
                fault = EchoFault.Invalid(
                    $"{name}[{index}].content", "the simulated model takes a string or an array of text parts.");
                return null;
            }

            inputTokens += EchoTokenizer.Count(text);
            last = text;
            lastOfUser = role.ValueEquals("user") ? text : lastOfUser;
        }

        return new EchoMessages(inputTokens, lastOfUser ?? last);
    }

    private static string? TryReadText(JsonElement? content)
    {
        switch (content)
        {
            case null:
                // A message that only calls a tool has no content.
                return "";
            case { ValueKind: JsonValueKind.Array } parts:
                var text = new StringBuilder();
                foreach (var part in parts.EnumerateArray())
                {
                    if (EchoBody.Member(part, "text") is not { } member || EchoBody.Text(member) is not { } partText)
                    {
                        return null;
                    }

                    text.Append(partText);
                }

                return text.ToString();
            case { } other:
                return EchoBody.Text(other);
        }
    }
}
