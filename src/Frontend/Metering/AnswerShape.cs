namespace Relay.Frontend.Metering;

/// <summary>How an endpoint's answers are built: where their text, their usage and their end stand.</summary>
internal enum AnswerShape
{
    /// <summary><c>choices</c> and <c>usage</c>; a stream ends with <c>[DONE]</c>. Embeddings are read so too.</summary>
    Choices,

    /// <summary>The Responses API: <c>output</c> and <c>usage</c>; a stream of typed events ends with the whole response.</summary>
    Response,
}
