namespace Relay.Frontend.Authentication;

/// <summary>Finds the secret that a request carries.</summary>
internal static class CallerCredentials
{
    private const string Scheme = "Bearer ";

    /// <summary>The API key in <c>Authorization: Bearer</c>, <c>api-key</c> or <c>x-api-key</c>; null when there is none.</summary>
    public static string? FindApiKey(IHeaderDictionary headers) =>
        FindBearer(headers) ?? NullIfEmpty(headers["api-key"]) ?? NullIfEmpty(headers["x-api-key"]);

    /// <summary>What follows <c>Bearer</c> in the Authorization header; null when there is none.</summary>
    public static string? FindBearer(IHeaderDictionary headers)
    {
        var value = headers.Authorization.ToString();
        return value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? NullIfEmpty(value[Scheme.Length..].Trim()) : null;
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
