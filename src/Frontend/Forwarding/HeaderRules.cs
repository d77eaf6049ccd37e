using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// Which headers pass, either way: those named here and no others. So no hop-by-hop header, cookie, credential, organization
/// or rate limit can leak, not even one that is invented tomorrow.
/// </summary>
internal static class HeaderRules
{
    private static readonly FrozenSet<string> ToUpstream = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "accept",
        "accept-language",
        "idempotency-key",
        "openai-beta",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-client-request-id");

    private static readonly FrozenSet<string> ToClient = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "cache-control",
        "content-disposition",
        "content-language",
        "content-type",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "retry-after",
        "retry-after-ms",
        "x-should-retry");

    /// <summary>Whether a response's header is Relay's own, so that no upstream's answer has set it.</summary>
    public static bool IsRelaysOwn(string name) =>
        name.Equals("x-request-id", StringComparison.OrdinalIgnoreCase) || name.StartsWith("x-ratelimit-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Copies what the upstream may see of a client's request. The content's own headers are <paramref name="content"/>'s.</summary>
    public static void CopyRequest(IHeaderDictionary from, HttpRequestHeaders to, HttpContentHeaders? content)
    {
        foreach (var (name, values) in from)
        {
            if ((ToUpstream.Contains(name) || name.StartsWith("x-stainless-", StringComparison.OrdinalIgnoreCase)) && IsFit(values))
            {
                if (values.Count == 1)
                {
                    to.TryAddWithoutValidation(name, values[0]);
                }
                else
                {
                    to.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
                }
            }
        }

        if (content is not null && !StringValues.IsNullOrEmpty(from.ContentType))
        {
            content.TryAddWithoutValidation("content-type", IsFit(from.ContentType) ? from.ContentType.ToString() : "application/json");
        }
    }

    /// <summary>Copies what the client may see of an upstream's answer.</summary>
    public static void CopyResponse(HttpResponseMessage from, IHeaderDictionary to)
    {
        Copy(from.Headers.NonValidated, to);
        Copy(from.Content.Headers.NonValidated, to);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to)
    {
        foreach (var (name, values) in from)
        {
            if (ToClient.Contains(name))
            {
                var copy = values.Count == 1 ? new StringValues(values.ToString()) : new StringValues([.. values]);
                if (IsFit(copy))
                {
                    to[name] = copy;
                }
            }
        }
    }

    /// <summary>Whether any HTTP stack takes the values: some send other bytes, and refusing the whole call for one would help nobody.</summary>
    private static bool IsFit(StringValues values)
    {
        foreach (var value in values)
        {
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                return false;
            }
        }

        return true;
    }
}
