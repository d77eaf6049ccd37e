using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Frontend.Errors;

/// <summary>The JSON of an error as OpenAI writes it: all four members, always.</summary>
/// <param name="Error">What went wrong.</param>
internal sealed record OpenAiErrorBody(OpenAiErrorBody.Details Error)
{
    /// <summary>How errors are written.</summary>
    internal static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        // What leaves is JSON, never HTML: quotes and backticks in messages stay readable.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>An error as UTF-8 JSON.</summary>
    public static byte[] Utf8(RelayError error) =>
        JsonSerializer.SerializeToUtf8Bytes(new OpenAiErrorBody(new Details(error.Message, error.Type, error.Param, error.Code)), Options);

    /// <summary>The members under <c>error</c>.</summary>
    /// <param name="Message">What went wrong and what to do, for people.</param>
    /// <param name="Type">The error's family.</param>
    /// <param name="Param">The member or parameter at fault, or null.</param>
    /// <param name="Code">The error's code, by which programs tell errors apart, or null.</param>
    internal sealed record Details(string Message, string Type, string? Param, string? Code);
}
