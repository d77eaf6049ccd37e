namespace Relay.Frontend.Authentication;

/// <summary>Finds the secret that a request carries.</summary>
internal static class CallerCredentials
{
    private const string Scheme = "Bearer ";

    /// <summary>The API key in <c>Authorization: Bearer</c>, <c>api-key</c> or <c>x-api-key</c>; empty when there is none.</summary>
    public static ReadOnlySpan<char> FindApiKey(IHeaderDictionary headers)
    {
        if (FindBearer(headers) is { IsEmpty: false } bearer)
        {
            return bearer;
        }

        return headers["api-key"].ToString() is { Length: > 0 } key ? key : headers["x-api-key"].ToString();
    }

    /// <summary>What follows <c>Bearer</c> in the Authorization header; empty when there is none.</summary>
    public static ReadOnlySpan<char> FindBearer(IHeaderDictionary headers)
    {
        var value = headers.Authorization.ToString();
        return value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value.AsSpan(Scheme.Length).Trim() : default;
    }
}
