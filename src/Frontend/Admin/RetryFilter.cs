using Relay.Frontend.Admission;

namespace Relay.Frontend.Admin;

/// <summary>Answers a request without a body again while the cluster changes; see <see cref="GrainRetry"/>. A body can be read only once.</summary>
internal sealed class RetryFilter(GrainRetry retry) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        return HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsDelete(http.Request.Method)
            ? await retry.AskPatientlyAsync(() => next(context), http.RequestAborted)
            : await next(context);
    }
}
