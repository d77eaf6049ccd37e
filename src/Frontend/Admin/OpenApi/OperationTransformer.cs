using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>Writes into the document what an endpoint's <see cref="Operation"/> says.</summary>
internal sealed class OperationTransformer : IOpenApiOperationTransformer
{
    private const string Json = "application/json";

    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var said = context.Description.ActionDescriptor.EndpointMetadata.OfType<Operation>().Single();
        operation.OperationId = said.Id;
        operation.Summary = said.Summary;
        operation.Description = said.Description;
        operation.Tags = new HashSet<OpenApiTagReference> { new(said.Tag, context.Document) };
        operation.Parameters = [.. PathParameters(context.Description.RelativePath!), .. said.Query.Select(Parameter)];
        if (said.Body is not null)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = said.IsBodyRequired,
                Content = await ContentAsync(said.Body, said.BodyExample!, context, cancellationToken),
            };
        }

        operation.Responses = new OpenApiResponses
        {
            [said.Status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = "Done.",
                Content = await ContentAsync(said.Answer, said.AnswerExample, context, cancellationToken),
            },
        };
        foreach (var error in said.Failures.Select(ExampleOf).Append(RelayError.InvalidAdminKey()).Append(RelayError.Unavailable()).OrderBy(static error => error.Status))
        {
            operation.Responses[error.Status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = MeaningOf(error.Status),
                Content = await ContentAsync(typeof(OpenAiErrorBody), System.Text.Encoding.UTF8.GetString(OpenAiErrorBody.Utf8(error)), context, cancellationToken),
            };
        }
    }

    private static IEnumerable<IOpenApiParameter> PathParameters(string path) => path.Contains("{id}", StringComparison.Ordinal)
        ? [new OpenApiParameter
        {
            Name = "id",
            In = ParameterLocation.Path,
            Required = true,
            Description = path.Contains("/users/", StringComparison.Ordinal) ? "The user's id."
                : path.Contains("/teams/", StringComparison.Ordinal) ? "The team's id."
                : "The key's id.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        }]
        : [];

    private static OpenApiParameter Parameter(QueryParameter parameter) => new()
    {
        Name = parameter.Name,
        In = ParameterLocation.Query,
        Description = parameter.Description,
        Schema = new OpenApiSchema
        {
            Type = parameter.Type,
            Enum = parameter.Values.Length == 0 ? null : [.. parameter.Values.Select(static value => JsonValue.Create(value))],
        },
    };

    private static async Task<Dictionary<string, OpenApiMediaType>> ContentAsync(
        Type type, string example, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var document = context.Document!;
        var name = AdminDocument.NameOf(AdminJson.Options.GetTypeInfo(type))!;
        document.AddComponent(name, await context.GetOrCreateSchemaAsync(type, parameterDescription: null, cancellationToken));
        return new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
        {
            [Json] = new() { Schema = new OpenApiSchemaReference(name, document), Example = JsonNode.Parse(example) },
        };
    }

    private static RelayError ExampleOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => RelayError.BadRequest("Unknown member 'colour'.", "colour"),
        StatusCodes.Status404NotFound => RelayError.NotFound("There is nothing of this id."),
        StatusCodes.Status413PayloadTooLarge => RelayError.BodyTooLarge(AdminJson.BodyBytesMax),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No operation fails so."),
    };

    private static string MeaningOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "The request is wrong; `param` names the member or parameter at fault.",
        StatusCodes.Status401Unauthorized => "The admin key is missing or wrong.",
        StatusCodes.Status404NotFound => "There is nothing of this id.",
        StatusCodes.Status413PayloadTooLarge => "The body is too large.",
        _ => "Relay is stopping, or cannot answer just now. Try again shortly.",
    };
}
