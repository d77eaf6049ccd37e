namespace Relay.Frontend.Forwarding;

/// <summary>The top-level members of a request that Relay looks at.</summary>
internal enum RequestMember
{
    Other,
    Model,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    N,
    BestOf,
    Prompt,
    Input,
    Messages,
    Instructions,
    Background,

    /// <summary>Tools, functions and response formats: schemas that the model reads as text.</summary>
    Schema,
}
