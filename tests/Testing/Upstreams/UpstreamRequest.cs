using System.Text;
using System.Text.Json;

namespace Relay.Testing.Upstreams;

/// <summary>A request as it reached the scripted upstream, to the byte.</summary>
public sealed record UpstreamRequest
{
    /// <summary>The place in the order of arrival, from 0.</summary>
    public required int Number { get; init; }

    /// <summary>The method, such as <c>POST</c>.</summary>
    public required string Method { get; init; }

    /// <summary>The path, with <c>/v1</c> where it was sent.</summary>
    public required string Path { get; init; }

    /// <summary>The query with its question mark, or an empty string.</summary>
    public required string Query { get; init; }

    /// <summary>Every header line; a name may come more than once.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The body's exact bytes, without transfer framing.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The body read as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);

    /// <summary>The body read as JSON; throws <see cref="JsonException"/> if it is none.</summary>
    public JsonElement Json => JsonElement.Parse(Body.Span);

    /// <summary>The value of a header, any case; several joined by commas; null if absent.</summary>
    public string? Header(string name)
    {
        var values = Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(header => header.Value)
            .ToList();
        return values.Count == 0 ? null : string.Join(", ", values);
    }
}
