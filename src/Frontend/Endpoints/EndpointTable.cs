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
    };

    /// <summary>The older text completion: <c>prompt</c> in, <c>choices</c> out.</summary>
    public static readonly EndpointSpec Completions = new()
    {
        Path = "/v1/completions",
        GeneratesOutput = true,
        TakesStreamOptions = true,
    };

    /// <summary>Embeddings: <c>input</c> in, vectors out, no output tokens.</summary>
    public static readonly EndpointSpec Embeddings = new()
    {
        Path = "/v1/embeddings",
        GeneratesOutput = false,
        TakesStreamOptions = false,
    };

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<EndpointSpec> All = [ChatCompletions, Completions, Embeddings];
}
