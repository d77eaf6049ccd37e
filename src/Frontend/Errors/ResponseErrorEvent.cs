using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Frontend.Errors;

/// <summary>The data of an <c>error</c> event as the Responses API has it.</summary>
internal sealed record ResponseErrorEvent(
    string Type,
    string? Code,
    string Message,
    string? Param,
    [property: JsonPropertyName("sequence_number")] long SequenceNumber)
{
    /// <summary>An error as UTF-8 JSON.</summary>
    /// <param name="error">The error.</param>
    /// <param name="sequence">The event's number in its stream, from 0.</param>
    public static byte[] Utf8(RelayError error, long sequence) => JsonSerializer.SerializeToUtf8Bytes(
        new ResponseErrorEvent("error", error.Code, error.Message, error.Param, sequence), OpenAiErrorBody.Options);
}
