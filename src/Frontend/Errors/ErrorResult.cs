using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Relay.Frontend.Errors;

/// <summary>Answers a request with a <see cref="RelayError"/>; only before the response has started.</summary>
internal sealed class ErrorResult(RelayError error) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, error);

    public static async Task WriteAsync(HttpContext http, RelayError error)
    {
        var headers = http.Response.Headers;
        http.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            var ms = Math.Max(1, (long)Math.Ceiling(wait.TotalMilliseconds));
            headers.RetryAfter = ((ms + 999) / 1000).ToString(CultureInfo.InvariantCulture);
            headers["retry-after-ms"] = ms.ToString(CultureInfo.InvariantCulture);
        }

        if (error.ShouldRetry is { } retry)
        {
            headers["x-should-retry"] = retry ? "true" : "false";
        }

        if (error.Status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = new StringValues("Bearer");
        }

        var body = OpenAiErrorBody.Utf8(error);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
