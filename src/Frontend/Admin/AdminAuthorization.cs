using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Admin;

/// <summary>Lets only the admin key into the admin API.</summary>
internal sealed class AdminAuthorization(AdminKey key) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        key.Matches(CallerCredentials.FindBearer(context.HttpContext.Request.Headers))
            ? await next(context)
            : new ErrorResult(RelayError.InvalidAdminKey());
}
