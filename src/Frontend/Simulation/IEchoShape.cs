using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>How one endpoint puts an answer's choices on the wire.</summary>
internal interface IEchoShape
{
    /// <summary>A choice in a body that is not streamed.</summary>
    JsonObject Whole(int index, EchoChoice choice);

    /// <summary>The opening of a streamed choice; null where the endpoint has none.</summary>
    JsonObject? Opening(int index);

    /// <summary>A streamed choice's next text.</summary>
    JsonObject Piece(int index, string text);

    /// <summary>The end of a streamed choice.</summary>
    JsonObject Ending(int index, EchoChoice choice);

    /// <summary>The members around the choices.</summary>
    JsonObject Envelope(bool isChunk, JsonArray choices);
}
