namespace Relay.Frontend.Admin.OpenApi;

/// <summary>What the OpenAPI document says of an endpoint, of which it is metadata.</summary>
internal sealed record Operation
{
    /// <summary>The operation's id: a name for generated clients.</summary>
    public required string Id { get; init; }

    /// <summary>The heading under which the operation stands.</summary>
    public required string Tag { get; init; }

    public required string Summary { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<QueryParameter> Query { get; init; } = [];

    /// <summary>The type of the request's body; null when it has none.</summary>
    public Type? Body { get; init; }

    /// <summary>Whether the body may not be empty.</summary>
    public bool IsBodyRequired { get; init; } = true;

    /// <summary>A body, as JSON.</summary>
    public string? BodyExample { get; init; }

    /// <summary>The status of a success.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The type of a success's body.</summary>
    public required Type Answer { get; init; }

    /// <summary>A success's body, as JSON.</summary>
    public required string AnswerExample { get; init; }

    /// <summary>The statuses of failures, besides those that any operation may have.</summary>
    public IReadOnlyList<int> Failures { get; init; } = [];
}
