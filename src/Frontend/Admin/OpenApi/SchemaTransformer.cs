using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Relay.Frontend.Admin.Contracts;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>Says of bodies what their .NET types do not.</summary>
internal sealed class SchemaTransformer : IOpenApiSchemaTransformer
{
    private static readonly HashSet<Type> Requests =
    [
        typeof(CreateKeyBody), typeof(PatchKeyBody), typeof(RotateKeyBody), typeof(PutUserBody), typeof(PutTeamBody), typeof(PutOrganizationBody), typeof(RepriceBody),
    ];

    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo;
        if (type.Type == typeof(LimitBody))
        {
            schema.Required = new HashSet<string>(StringComparer.Ordinal) { "metric", "amount" };
            Describe(schema, "metric", "`requests`, `tokens`, `input_tokens`, `output_tokens`, `cost`, which is US dollars, or `concurrency`, which is calls in flight.");
            Describe(schema, "window", "When the count begins anew. It may be absent, and means nothing, for `concurrency`.");
        }
        else if (type.Type == typeof(RepriceBody))
        {
            schema.Required = new HashSet<string>(StringComparer.Ordinal) { "from", "to" };
        }
        else if (type.Kind == JsonTypeInfoKind.Object && schema.Properties is not null && !Requests.Contains(type.Type))
        {
            // An answer has all of its members, null or not, but for those that are left out when there is nothing to say.
            schema.Required = type.Properties
                .Where(static member => member.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: true) != true)
                .Select(static member => member.Name)
                .ToHashSet(StringComparer.Ordinal);
            if (schema.Properties.TryGetValue("object", out var kind) && kind is OpenApiSchema text)
            {
                text.Type = JsonSchemaType.String;
            }
        }
        else if (type.Type == typeof(KeyStatus))
        {
            // No key that is shown is unknown.
            schema.Enum = [.. schema.Enum!.Where(static value => !JsonNode.DeepEquals(value, JsonValue.Create("unknown")))];
        }

        if (type.Type == typeof(ComparedBody))
        {
            Describe(schema, "window", "The open window of which this is the sum.");
        }

        return Task.CompletedTask;
    }

    private static void Describe(OpenApiSchema schema, string member, string description)
    {
        if (schema.Properties![member] is OpenApiSchema found)
        {
            found.Description = description;
        }
    }
}
