using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Admin;

/// <summary>Reads and writes the admin API's JSON: snake_case, nulls written, unknown members refused by name.</summary>
internal static class AdminJson
{
    /// <summary>The most bytes that a body may have.</summary>
    public const int BodyBytesMax = 1024 * 1024;

    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>An answer.</summary>
    public static IResult Ok<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, Options, statusCode: status);

    /// <summary>Reads a request's body; exactly one of the two results is given.</summary>
    /// <param name="http">The request.</param>
    /// <param name="whenEmpty">What an empty body stands for; null when there must be one.</param>
    public static async Task<(T? Value, RelayError? Error)> ReadAsync<T>(HttpContext http, T? whenEmpty = null)
        where T : class
    {
        if (await ReadBytesAsync(http) is not { } body)
        {
            return (null, RelayError.BodyTooLarge(BodyBytesMax));
        }

        if (body.IsEmpty && whenEmpty is not null)
        {
            return (whenEmpty, null);
        }

        try
        {
            var value = JsonSerializer.Deserialize<T>(body.Span, Options);
            return value is null ? (null, RelayError.BadRequest("The request body must be a JSON object, not null.")) : (value, null);
        }
        catch (JsonException e)
        {
            return (null, ToError(e));
        }
    }

    /// <summary>The body; null when it is too large.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadBytesAsync(HttpContext http)
    {
        // The server's own bound would cut off a client that is still sending, before it can read why.
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        if (http.Request.ContentLength > BodyBytesMax)
        {
            return null;
        }

        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await http.Request.Body.ReadAsync(body.GetMemory(4096), http.RequestAborted);
            if (read == 0)
            {
                return body.WrittenMemory;
            }

            body.Advance(read);
            if (body.WrittenCount > BodyBytesMax)
            {
                return null;
            }
        }
    }

    /// <summary>Names the member at fault; the serializer's own text speaks of .NET types.</summary>
    private static RelayError ToError(JsonException e)
    {
        var path = e.Path?.TrimStart('$').TrimStart('.');
        const string Unmapped = "The JSON property '";
        if (e.Message.StartsWith(Unmapped, StringComparison.Ordinal) && e.Message.Contains("could not be mapped", StringComparison.Ordinal))
        {
            var member = e.Message[Unmapped.Length..].Split('\'')[0];
            return RelayError.BadRequest($"Unknown member '{member}'.", string.IsNullOrEmpty(path) ? member : path);
        }

        return string.IsNullOrEmpty(path)
            ? RelayError.BadRequest("The request body is not valid JSON, or not an object.")
            : RelayError.BadRequest($"The value of '{path}' is not valid.", path);
    }
}
