using Microsoft.OpenApi;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>A parameter of an operation's query, which may be left out.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What its value is.</param>
/// <param name="Description">What it means, with its range and default.</param>
/// <param name="Values">All values that it may have; none when they are too many to name.</param>
internal sealed record QueryParameter(string Name, JsonSchemaType Type, string Description, params string[] Values)
{
    /// <summary>Those of a list; see <see cref="Paging"/>.</summary>
    public static IReadOnlyList<QueryParameter> Page(string items) =>
    [
        new("limit", JsonSchemaType.Integer, $"The most {items} of a page: 1 to 100, by default 20."),
        new("after", JsonSchemaType.String, "The id after which the page begins: `last_id` of the page before."),
    ];
}
