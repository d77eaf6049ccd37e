using Microsoft.AspNetCore.Http.Features;

namespace Relay.Frontend.Errors;

/// <summary>Makes every answer of this server an answer in OpenAI's form, with a request id.</summary>
internal static partial class ErrorsExtensions
{
    /// <summary>
    /// The middleware around all that answers. It gives each request its id, asks whether it may come in, and turns what nobody foresaw into a 500 of our
    /// form; one for all three, since each costs every call.
    /// </summary>
    /// <param name="app">The application.</param>
    /// <param name="enter">Lets a call in, or says what it is answered instead.</param>
    /// <param name="leave">Called when a call has ended, let in or not.</param>
    public static void UseRelayErrors(this WebApplication app, Func<HttpContext, RelayError?> enter, Action<HttpContext> leave)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Relay.Frontend.Errors");
        app.Use(async (http, next) =>
        {
            var requestId = RequestIds.Assign(http, time.GetUtcNow());
            try
            {
                if (enter(http) is { } refusal)
                {
                    await ErrorResult.WriteAsync(http, refusal);
                    return;
                }

                await next(http);
                await WriteEmptyErrorAsync(http);
            }
            catch (BadHttpRequestException e) when (!http.Response.HasStarted)
            {
                await WriteRejectionAsync(http, e);
            }
            catch (Exception e) when (e is not CutConnectionException && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
            {
                LogUnhandled(logger, requestId, e);
                http.Response.Clear();
                RequestIds.Write(http);
                await ErrorResult.WriteAsync(http, RelayError.Internal(requestId));
            }
            catch (Exception e) when (e is not CutConnectionException && !http.RequestAborted.IsCancellationRequested)
            {
                // Kestrel cuts the connection: what the client has must not look complete.
                LogUnhandled(logger, requestId, e);
                throw new CutConnectionException();
            }
            finally
            {
                leave(http);
            }
        });
    }

    /// <summary>Routing and Kestrel answer some requests with a bare status.</summary>
    private static Task WriteEmptyErrorAsync(HttpContext http)
    {
        if (http.Response.HasStarted || http.Response.StatusCode < 400 || http.Response.ContentLength is not null || http.Response.ContentType is not null)
        {
            return Task.CompletedTask;
        }

        var path = http.Request.Path.Value ?? "/";
        return http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ErrorResult.WriteAsync(http, RelayError.UnknownUrl(http.Request.Method, path)),
            StatusCodes.Status405MethodNotAllowed => ErrorResult.WriteAsync(http, RelayError.MethodNotAllowed(http.Request.Method, path)),
            _ => Task.CompletedTask,
        };
    }

    private static Task WriteRejectionAsync(HttpContext http, BadHttpRequestException e)
    {
        var bytesMax = http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? 0;
        return ErrorResult.WriteAsync(http, e.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => RelayError.BodyTooLarge(bytesMax),
            StatusCodes.Status408RequestTimeout => RelayError.RequestTooSlow(),
            _ => RelayError.BadRequest("The request could not be read to its end."),
        });
    }

    [LoggerMessage(LogLevel.Error, "{RequestId} failed unexpectedly.")]
    private static partial void LogUnhandled(ILogger logger, string requestId, Exception exception);
}
