using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>How one endpoint puts generated tokens on the wire.</summary>
internal interface IAnswerShape
{
    /// <summary>The text of a choice's token, counted from 0; null where the answer has no more.</summary>
    string? Token(int number);

    /// <summary>The chunk that opens a choice; null where the endpoint has none.</summary>
    JsonObject? Opening(int choice);

    /// <summary>The chunk that carries a token.</summary>
    JsonObject Chunk(int choice, string token);

    /// <summary>The chunk that ends a choice.</summary>
    JsonObject Ending(int choice, bool capped);

    /// <summary>The extra chunk without choices.</summary>
    JsonObject WithoutChoices();

    /// <summary>The whole answer as one body, each choice of so many tokens.</summary>
    JsonObject Body(int tokens, bool capped);
}
