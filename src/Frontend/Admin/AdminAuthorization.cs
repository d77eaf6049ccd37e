using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Admin;

/// <summary>Lets only the admin key into the admin API, and leaves a line of who came without.</summary>
internal sealed partial class AdminAuthorization(AdminKey key, ILogger<AdminAuthorization> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (key.Matches(CallerCredentials.FindBearer(http.Request.Headers)))
        {
            return await next(context);
        }

        LogRefused(logger, http.Connection.RemoteIpAddress);
        return new ErrorResult(RelayError.InvalidAdminKey());
    }

    [LoggerMessage(LogLevel.Warning, "{Address} came to the admin API without the admin key.")]
    private static partial void LogRefused(ILogger logger, System.Net.IPAddress? address);
}
