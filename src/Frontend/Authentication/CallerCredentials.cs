using Relay.Frontend.Errors;

namespace Relay.Frontend.Authentication;

/// <summary>Finds the secret that a request carries.</summary>
internal static class CallerCredentials
{
    private const string Scheme = "Bearer ";

    /// <summary>Finds the API key of a request's caller.</summary>
    /// <param name="http">The request.</param>
    /// <param name="token">The key; whether there is such a key, and whether it is good, is not known yet.</param>
    /// <returns>What the caller is told where there is no key that Relay can have issued; null where there is.</returns>
    public static RelayError? FindApiKey(HttpContext http, out ApiKeyToken token)
    {
        var headers = http.Request.Headers;
        if (headers.Authorization is [{ } header] && http.Features.Get<ConnectionApiKey>() is { } connection && connection.TryRead(header, out token))
        {
            return null;
        }

        var secret = FindSecret(headers);
        return ApiKeyToken.TryParse(secret, out token) ? null
            : secret.IsEmpty ? RelayError.MissingKey()
            : RelayError.InvalidKey();
    }

    /// <summary>The secret in <c>Authorization: Bearer</c>, <c>api-key</c> or <c>x-api-key</c>; empty when there is none.</summary>
    public static ReadOnlySpan<char> FindSecret(IHeaderDictionary headers)
    {
        if (FindBearer(headers) is { IsEmpty: false } bearer)
        {
            return bearer;
        }

        return headers["api-key"].ToString() is { Length: > 0 } key ? key : headers["x-api-key"].ToString();
    }

    /// <summary>What follows <c>Bearer</c> in the Authorization header; empty when there is none.</summary>
    public static ReadOnlySpan<char> FindBearer(IHeaderDictionary headers) => BearerOf(headers.Authorization.ToString());

    /// <summary>What follows <c>Bearer</c> in that header's text; empty when it has another scheme.</summary>
    public static ReadOnlySpan<char> BearerOf(string header) =>
        header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header.AsSpan(Scheme.Length).Trim() : default;
}
