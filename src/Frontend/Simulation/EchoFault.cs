using System.Net;
using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>A refusal of the simulated model, in OpenAI's form.</summary>
internal sealed record EchoFault
{
    /// <summary>The status of the answer.</summary>
    public HttpStatusCode Status { get; init; } = HttpStatusCode.BadRequest;

    /// <summary>What is wrong, for a person.</summary>
    public required string Message { get; init; }

    /// <summary>The member of the request that is wrong; null if none in particular is.</summary>
    public string? Param { get; init; }

    /// <summary>OpenAI's code; null if it has none.</summary>
    public string? Code { get; init; }

    /// <summary>The body is no JSON object.</summary>
    public static EchoFault NotJson { get; } = new()
    {
        Message = "We could not parse the JSON body of your request. The body must be one JSON object in UTF-8.",
    };

    /// <summary>A member without which there is nothing to answer.</summary>
    public static EchoFault Missing(string param) => new()
    {
        Message = $"Missing required parameter: '{param}'.",
        Param = param,
        Code = "missing_required_parameter",
    };

    /// <summary>A member with a value that cannot be used.</summary>
    public static EchoFault Invalid(string param, string rule) => new()
    {
        Message = $"Invalid '{param}': {rule}",
        Param = param,
        Code = "invalid_value",
    };

    /// <summary>A model that is not simulated.</summary>
    public static EchoFault UnknownModel { get; } = new()
    {
        Status = HttpStatusCode.NotFound,
        Message = $"The model does not exist. This Relay has no upstream and serves only the simulated model '{EchoUpstreamHandler.Model}'; "
            + "start it with OPENAI_API_KEY set to add OpenAI's models.",
        Code = "model_not_found",
    };

    /// <summary>An answer too long to be held in memory.</summary>
    public static EchoFault TooLong { get; } = new()
    {
        Message = $"The simulated model says at most {EchoAnswer.OutputTokensMax} tokens in an answer, all choices together.",
        Code = "context_length_exceeded",
    };

    /// <summary>A response that is not kept.</summary>
    public static EchoFault UnknownResponse { get; } = new()
    {
        Status = HttpStatusCode.NotFound,
        Message = "There is no such response. The simulated model keeps those that it made in the background, and forgets the oldest.",
    };

    /// <summary>A path or method that is not simulated.</summary>
    public static EchoFault UnknownUrl { get; } = new()
    {
        Status = HttpStatusCode.NotFound,
        Message = "Unknown request URL. The simulated model answers chat completions, completions, responses, embeddings, moderations and models.",
        Code = "unknown_url",
    };

    /// <summary>The body of the answer.</summary>
    public JsonObject Body() => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = Message,
            ["type"] = "invalid_request_error",
            ["param"] = Param,
            ["code"] = Code,
        },
    };
}
