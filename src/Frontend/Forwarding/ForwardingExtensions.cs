using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Metering;
using Relay.Frontend.Overload;

namespace Relay.Frontend.Forwarding;

/// <summary>Adds and maps what is relayed.</summary>
internal static class ForwardingExtensions
{
    public static void AddForwarding(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<ForwardingOptions, ForwardingOptionsValidator>(ForwardingOptions.SectionName);
        builder.Services.AddSingleton<IValidateOptions<OverloadOptions>, BodyMemoryValidator>();
        builder.Services.AddSingleton<TokenCounter>();
        builder.Services.AddSingleton<CallCount>();
        builder.Services.AddSingleton<UpstreamSender>();
        builder.Services.AddSingleton<ForwardHandler>();
        builder.Services.AddSingleton<UnmeteredHandler>();
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

        var unmetered = app.Services.GetRequiredService<UnmeteredHandler>();
        foreach (var prefix in new[] { "/v1", "" })
        {
            MapModels(app, prefix, unmetered);
            MapStoredResponses(app, prefix, unmetered);
        }
    }

    private static void MapModels(WebApplication app, string prefix, UnmeteredHandler unmetered)
    {
        const string Path = "/v1/models";
        app.MapGet(prefix + "/models", (HttpContext http) => unmetered.HandleAsync(http, Path, Path, model: null));
        app.MapGet(prefix + "/models/{**model}", (HttpContext http, string model) =>
        {
            // The server decodes a path but for its slashes, which many models' names have.
            var name = model.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            return unmetered.HandleAsync(http, Path, $"{Path}/{Uri.EscapeDataString(name)}", name);
        });
    }

    /// <summary>What becomes of a response after it was made, and counted.</summary>
    private static void MapStoredResponses(WebApplication app, string prefix, UnmeteredHandler unmetered)
    {
        Map("GET", "");
        Map("DELETE", "", deletes: true);
        Map("GET", "/input_items");
        Map("POST", "/cancel");

        void Map(string method, string rest, bool deletes = false) =>
            app.MapMethods($"{prefix}/responses/{{id}}{rest}", [method], (HttpContext http, string id) =>
                unmetered.HandleAsync(http, "/v1/responses/{id}" + rest, $"/v1/responses/{Uri.EscapeDataString(id)}{rest}", model: null, deletes ? id : null));
    }
}
