using System.Text.Json.Serialization;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A page of a list, in OpenAI's form.</summary>
/// <param name="Data">The page's items.</param>
/// <param name="FirstId">The first item's id, or null.</param>
/// <param name="LastId">The last item's id, or null: the next page's <c>after</c>.</param>
/// <param name="HasMore">Whether there is a next page.</param>
internal sealed record ListBody<T>(IReadOnlyList<T> Data, string? FirstId, string? LastId, bool HasMore)
{
    /// <summary>What this is.</summary>
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}
