using Microsoft.AspNetCore.Http.Features;
using Relay.Configuration;
using Relay.Frontend.Endpoints;

namespace Relay.Frontend.Forwarding;

/// <summary>Adds and maps what is relayed.</summary>
internal static class ForwardingExtensions
{
    public static void AddForwarding(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<ForwardingOptions, ForwardingOptionsValidator>(ForwardingOptions.SectionName);
        builder.Services.AddSingleton<UpstreamSender>();
        builder.Services.AddSingleton<ForwardHandler>();
        builder.Services.AddSingleton<ModelsHandler>();
    }

    /// <summary>Maps each path with and without <c>/v1</c>: older clients' base addresses have none.</summary>
    public static void MapRelay(this WebApplication app)
    {
        var forward = app.Services.GetRequiredService<ForwardHandler>();
        foreach (var endpoint in EndpointTable.All)
        {
            RequestDelegate handle = http =>
            {
                // The body's limit is Relay's own, with OpenAI's error.
                http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
                return forward.HandleAsync(http, endpoint);
            };
            app.MapPost(endpoint.Path, handle);
            app.MapPost(endpoint.Path["/v1".Length..], handle);
        }

        var models = app.Services.GetRequiredService<ModelsHandler>();
        foreach (var prefix in new[] { "/v1", "" })
        {
            app.MapGet(prefix + "/models", (HttpContext http) => models.HandleAsync(http, model: null));

            // The server decodes a path but for its slashes, which many models' names have.
            app.MapGet(prefix + "/models/{**model}", (HttpContext http, string model) =>
                models.HandleAsync(http, model.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase)));
        }
    }
}
