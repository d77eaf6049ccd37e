namespace Relay.Frontend.Simulation;

/// <summary>One choice of the simulated model.</summary>
/// <param name="Pieces">The text that each token adds; empty for a token that ends inside a character.</param>
/// <param name="IsCapped">Whether the request's cap on tokens cut it short.</param>
internal sealed record EchoChoice(IReadOnlyList<string> Pieces, bool IsCapped)
{
    /// <summary>The whole text.</summary>
    public string Text => string.Concat(Pieces);

    /// <summary>OpenAI's word for why it ended.</summary>
    public string FinishReason => IsCapped ? "length" : "stop";

    /// <summary>Echoes a text up to so many tokens.</summary>
    public static EchoChoice Of(string text, int tokensMax)
    {
        var pieces = EchoTokenizer.Split(text);
        return pieces.Count > tokensMax ? new([.. pieces.Take(tokensMax)], IsCapped: true) : new(pieces, IsCapped: false);
    }
}
