using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Relay.Health;

/// <summary>Adds what a process says about itself to orchestrators and load balancers. No key is asked for, and none is told.</summary>
public static class HealthExtensions
{
    /// <summary>The path under which both answers stand.</summary>
    public const string Path = "/health";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Adds readiness; the checks that decide on it are added to what is returned. Needs a <see cref="TimeProvider"/>.</summary>
    public static IHealthChecksBuilder AddReadiness(this IServiceCollection services)
    {
        services.AddSingleton<Readiness>();
        return services.AddHealthChecks();
    }

    /// <summary>
    /// Maps <c>/health/live</c>, which answers 200 as long as the process answers at all, and <c>/health/ready</c>: 200 when every
    /// check passes, 503 otherwise and from the order to stop on.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        var readiness = endpoints.ServiceProvider.GetRequiredService<Readiness>();
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        endpoints.MapMethods(Path + "/live", methods, http => WriteAsync(http, new HealthBody("live", Checks: null)));
        endpoints.MapMethods(Path + "/ready", methods, async http => await WriteAsync(http, await readiness.FindAsync()));
    }

    private static Task WriteAsync(HttpContext http, HealthBody body)
    {
        http.Response.StatusCode = body.Status is "unready" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentType = "application/json";
        var json = JsonSerializer.SerializeToUtf8Bytes(body, Json);
        http.Response.ContentLength = json.Length;
        return HttpMethods.IsHead(http.Request.Method)
            ? Task.CompletedTask
            : http.Response.Body.WriteAsync(json, http.RequestAborted).AsTask();
    }
}
