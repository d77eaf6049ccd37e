using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>The OpenAPI document of the admin API, and the page that shows it. They hold no secret, so that they need no key.</summary>
internal static class AdminDocument
{
    private const string Name = "v1";
    private const string Scheme = "admin_key";
    private const string PagePath = "/admin/docs";

    // Whoever reads the page may give it the admin key, so that it may load and call nothing but this server.
    private const string PagePolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void AddAdminDocument(this WebApplicationBuilder builder)
    {
        // Only the document's schemas follow these; the admin API writes with its own.
        builder.Services.ConfigureHttpJsonOptions(static json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = AdminJson.Options.PropertyNamingPolicy;
            json.SerializerOptions.NumberHandling = AdminJson.Options.NumberHandling;
            foreach (var converter in AdminJson.Options.Converters)
            {
                json.SerializerOptions.Converters.Add(converter);
            }
        });
        builder.Services.AddOpenApi(Name, static options =>
        {
            options.ShouldInclude = static description => description.ActionDescriptor.EndpointMetadata.OfType<Operation>().Any();
            options.CreateSchemaReferenceId = NameOf;
            options.AddOperationTransformer<OperationTransformer>();
            options.AddSchemaTransformer<SchemaTransformer>();
            options.AddDocumentTransformer(static (document, _, _) =>
            {
                Describe(document);
                return Task.CompletedTask;
            });
        });
    }

    public static void MapAdminDocument(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapScalarApiReference(PagePath, static (options, http) =>
        {
            http.Response.Headers.ContentSecurityPolicy = PagePolicy;
            options.Title = "Relay's admin API";
            options.OpenApiRoutePattern = "/openapi/v1.json";
            options.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideDeveloperTools().HideClientButton();
        });
    }

    /// <summary>A schema's name: the type's without the word that all of them end with; null for a type without one.</summary>
    public static string? NameOf(JsonTypeInfo type) => type.Type == typeof(Errors.OpenAiErrorBody) ? "Error"
        : type.Type == typeof(Errors.OpenAiErrorBody.Details) ? "ErrorDetails"
        : OpenApiOptions.CreateDefaultSchemaReferenceId(type)?.Replace("Body", "", StringComparison.Ordinal);

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Relay's admin API",
            Version = Name,
            Description = "Makes, changes and revokes keys, sets what users, teams and the organization may use, and tells what was used. Times are unix seconds. Every answer has an `x-request-id`.",
        };
        document.Tags = new HashSet<OpenApiTag>
        {
            new() { Name = "Keys", Description = "The keys that Relay issues, and their limits." },
            new() { Name = "Users", Description = "To whom keys belong, and the limits of all keys of each together." },
            new() { Name = "Teams", Description = "To which users belong, and the limits of all users of each together." },
            new() { Name = "Organization", Description = "To which everyone belongs: the limits of all together, and those of what is made without any." },
            new() { Name = "Usage", Description = "What was used, from the ledger." },
            new() { Name = "Operations", Description = "What whoever runs Relay wants to know." },
        };
        document.AddComponent<IOpenApiSecurityScheme>(Scheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "The admin key: `RELAY_ADMIN_KEY`, or what the first start printed.",
        });
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
    }
}
