using System.Globalization;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Errors;

/// <summary>
/// An error that a client may see, in OpenAI's form. Its factory methods are the closed list of them; anything else is
/// <see cref="Internal"/>. No message holds a secret or a prompt.
/// </summary>
internal sealed record RelayError
{
    private const string InvalidRequest = "invalid_request_error";

    private RelayError(int status, string type, string? code, string message)
    {
        Status = status;
        Type = type;
        Code = code;
        Message = message;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>The error's family; SDKs show it.</summary>
    public string Type { get; }

    /// <summary>The error's code, by which programs tell errors apart, or null.</summary>
    public string? Code { get; }

    /// <summary>What went wrong and what to do, for people.</summary>
    public string Message { get; }

    /// <summary>The request's member at fault, or null.</summary>
    public string? Param { get; private init; }

    /// <summary>How long a client should wait before it tries again, or null.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>False tells SDKs not to try again, since nothing will have changed soon.</summary>
    public bool? ShouldRetry { get; private init; }

    /// <summary>401: no key came with the request.</summary>
    public static RelayError MissingKey() => new(
        StatusCodes.Status401Unauthorized,
        InvalidRequest,
        "invalid_api_key",
        "You didn't provide an API key. Send a key that Relay issued in the Authorization header, as 'Authorization: Bearer sk-relay-...'.");

    /// <summary>401: a key came that Relay did not issue, or that is revoked or expired.</summary>
    public static RelayError InvalidKey(RefusalKind kind = RefusalKind.UnknownKey) => new(
        StatusCodes.Status401Unauthorized,
        InvalidRequest,
        "invalid_api_key",
        kind switch
        {
            RefusalKind.RevokedKey => "This API key was revoked. Ask your administrator for a new one.",
            RefusalKind.ExpiredKey => "This API key has expired. Ask your administrator for a new one.",
            _ => "Incorrect API key provided. Relay takes keys that it issued itself; they begin with 'sk-relay-'.",
        });

    /// <summary>401: the admin API was called without the admin key.</summary>
    public static RelayError InvalidAdminKey() => new(
        StatusCodes.Status401Unauthorized,
        InvalidRequest,
        "invalid_api_key",
        "The admin API needs the admin key, as 'Authorization: Bearer ...'.");

    /// <summary>400: the request cannot be understood.</summary>
    public static RelayError BadRequest(string message, string? param = null) =>
        new(StatusCodes.Status400BadRequest, InvalidRequest, null, message) { Param = param };

    /// <summary>403: the key may not call the model.</summary>
    public static RelayError ModelNotAllowed(string model) => new(
        StatusCodes.Status403Forbidden,
        InvalidRequest,
        "model_not_found",
        $"This API key may not use the model `{model}`. Ask your administrator to allow it.")
    {
        Param = "model",
    };

    /// <summary>403: a limit of cost is about the call, and nobody knows what it would cost.</summary>
    public static RelayError ModelNotPriced(string model) => new(
        StatusCodes.Status403Forbidden,
        InvalidRequest,
        "model_not_priced",
        $"What the model `{model}` costs is not known, and this API key has a limit of cost. Ask your administrator to give the model a price.")
    {
        Param = "model",
    };

    /// <summary>403: a user, a team or the organization to whom the key belongs is suspended.</summary>
    public static RelayError AccountSuspended(AccountId account) => new(
        StatusCodes.Status403Forbidden,
        InvalidRequest,
        "account_suspended",
        $"Calls with this API key are refused, because {account} is suspended. Ask your administrator.");

    /// <summary>404: no such path.</summary>
    public static RelayError UnknownUrl(string method, string path) =>
        new(StatusCodes.Status404NotFound, InvalidRequest, "unknown_url", $"Unknown request URL: {method} {path}. Relay does not relay this path.");

    /// <summary>404: no such thing in the admin API.</summary>
    public static RelayError NotFound(string message) =>
        new(StatusCodes.Status404NotFound, InvalidRequest, "not_found", message);

    /// <summary>405: the path exists, the method does not.</summary>
    public static RelayError MethodNotAllowed(string method, string path) =>
        new(StatusCodes.Status405MethodNotAllowed, InvalidRequest, "method_not_supported", $"Not allowed to {method} on {path}.");

    /// <summary>413: the body is over the configured size.</summary>
    public static RelayError BodyTooLarge(long bytesMax) => new(
        StatusCodes.Status413PayloadTooLarge,
        InvalidRequest,
        "request_too_large",
        string.Create(CultureInfo.InvariantCulture, $"The request body is larger than {bytesMax} bytes, the most that Relay takes here."));

    /// <summary>415: the body is compressed in a way that Relay cannot undo.</summary>
    public static RelayError UnsupportedEncoding(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType,
        InvalidRequest,
        "unsupported_content_encoding",
        $"The request body has the content encoding '{encoding}'. Send it uncompressed, or as one of gzip, deflate and br.");

    /// <summary>429: a limit has no room; which one, what is used, and when it begins anew.</summary>
    public static RelayError LimitReached(Refusal refusal, string subject)
    {
        var state = refusal.Limit ?? throw new ArgumentException("A limit's refusal names the limit.", nameof(refusal));
        var message = LimitMessage.For(refusal, state, subject);
        if (state.Limit.Metric != Metric.Concurrency && state.Limit.Window is not (Window.Minute or Window.Hour))
        {
            return new(StatusCodes.Status429TooManyRequests, "insufficient_quota", "insufficient_quota", message) { ShouldRetry = false };
        }

        var type = state.Limit.Metric is Metric.Requests or Metric.Concurrency ? "requests" : "tokens";
        return new(StatusCodes.Status429TooManyRequests, type, "rate_limit_exceeded", message)
        {
            RetryAfter = refusal.RetryAfter ?? TimeSpan.FromSeconds(1),
        };
    }

    /// <summary>500: a bug. The log has the details under the request's id.</summary>
    public static RelayError Internal(string requestId) =>
        new(StatusCodes.Status500InternalServerError, "server_error", "internal_error", $"Relay failed on this request. Its log tells more under {requestId}.");

    /// <summary>502: the upstream could not be reached or gave no valid answer.</summary>
    public static RelayError UpstreamFailed(string what) =>
        new(StatusCodes.Status502BadGateway, "server_error", "upstream_error", what);

    /// <summary>503: Relay's grain or database does not answer, or has too much to do.</summary>
    public static RelayError Unavailable() => new(
        StatusCodes.Status503ServiceUnavailable,
        "service_unavailable_error",
        "server_is_overloaded",
        "Relay cannot admit calls just now, since it could not count them. Try again shortly.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <summary>503: this process has as many calls, or as large ones, as it takes at once.</summary>
    public static RelayError Overloaded() => new(
        StatusCodes.Status503ServiceUnavailable,
        "service_unavailable_error",
        "server_is_overloaded",
        "This Relay has as many calls as it takes at once. Try again shortly.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <summary>503: this process follows as many responses in the background as it may.</summary>
    public static RelayError TooManyInBackground() => new(
        StatusCodes.Status503ServiceUnavailable,
        "service_unavailable_error",
        "server_is_overloaded",
        "This Relay follows as many responses in the background as it may. Try again when some of them are over, or leave 'background' out.")
    {
        Param = "background",
        RetryAfter = TimeSpan.FromSeconds(10),
    };

    /// <summary>503: this process waits for what it needs to start, such as its cluster.</summary>
    public static RelayError Starting() => new(
        StatusCodes.Status503ServiceUnavailable,
        "service_unavailable_error",
        "server_is_starting",
        "This Relay is starting and takes no calls yet. Try again shortly.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <summary>503: this process is stopping. Another one, or its successor, takes the call.</summary>
    public static RelayError ShuttingDown() => new(
        StatusCodes.Status503ServiceUnavailable,
        "service_unavailable_error",
        "server_is_shutting_down",
        "This Relay is shutting down and takes no more calls. Try again shortly.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <summary>503: the call was made, but its count could be kept nowhere. Not to be tried again at once: each try is paid for.</summary>
    public static RelayError Uncounted() => new(
        StatusCodes.Status503ServiceUnavailable,
        "server_error",
        "usage_not_recorded",
        "The upstream answered, but Relay could not record what the call used, so it does not hand the answer out.")
    {
        ShouldRetry = false,
    };

    /// <summary>408: the request's body came too slowly.</summary>
    public static RelayError RequestTooSlow() =>
        new(StatusCodes.Status408RequestTimeout, InvalidRequest, "request_timeout", "The request's body came too slowly.");

    /// <summary>504: the upstream did not answer in time.</summary>
    public static RelayError UpstreamTimedOut(string what) =>
        new(StatusCodes.Status504GatewayTimeout, "server_error", "upstream_timeout", what);
}
