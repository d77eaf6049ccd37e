using Relay.Frontend.Metering;

namespace Relay.Frontend.Endpoints;

/// <summary>The endpoints that Relay relays and meters.</summary>
internal static class EndpointTable
{
    /// <summary>Chat: <c>messages</c> in, <c>choices</c> out.</summary>
    public static readonly EndpointSpec ChatCompletions = new()
    {
        Path = "/v1/chat/completions",
        GeneratesOutput = true,
        TakesStreamOptions = true,
        OutputCaps = ["max_tokens", "max_completion_tokens"],
    };

    /// <summary>The older text completion: <c>prompt</c> in, <c>choices</c> out.</summary>
    public static readonly EndpointSpec Completions = new()
    {
        Path = "/v1/completions",
        GeneratesOutput = true,
        TakesStreamOptions = true,
        OutputCaps = ["max_tokens"],
    };

    /// <summary>Embeddings: <c>input</c> in, vectors out, no output tokens.</summary>
    public static readonly EndpointSpec Embeddings = new()
    {
        Path = "/v1/embeddings",
        GeneratesOutput = false,
        TakesStreamOptions = false,
    };

    /// <summary>Responses: <c>input</c> in, <c>output</c> out. Its streams say their usage without being asked.</summary>
    public static readonly EndpointSpec Responses = new()
    {
        Path = "/v1/responses",
        GeneratesOutput = true,
        TakesStreamOptions = false,
        Shape = AnswerShape.Response,
        OutputCaps = ["max_output_tokens"],
    };

    /// <summary>Counts what a response would take in, without making one.</summary>
    public static readonly EndpointSpec ResponsesInputTokens = new()
    {
        Path = "/v1/responses/input_tokens",
        GeneratesOutput = false,
        TakesStreamOptions = false,
        IsFree = true,
    };

    /// <summary>Moderations: free of charge, and the only endpoint that needs no model.</summary>
    public static readonly EndpointSpec Moderations = new()
    {
        Path = "/v1/moderations",
        GeneratesOutput = false,
        TakesStreamOptions = false,
        ModelDefault = "omni-moderation-latest",
        IsFree = true,
    };

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<EndpointSpec> All =
        [ChatCompletions, Completions, Embeddings, Responses, ResponsesInputTokens, Moderations];
}
