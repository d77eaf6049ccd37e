using Relay.Frontend.Metering;

namespace Relay.Frontend.Forwarding;

/// <summary>What Relay must know of a request before it is sent on.</summary>
internal sealed record RequestFacts
{
    /// <summary>The model asked for, never empty.</summary>
    public required string Model { get; init; }

    /// <summary>Whether the answer is to be streamed.</summary>
    public required bool Stream { get; init; }

    /// <summary>Whether a response is made that goes on when its answer, or its client, has gone.</summary>
    public bool InBackground { get; init; }

    /// <summary>Whether the client itself asked for usage at the end of the stream.</summary>
    public required bool UsageAsked { get; init; }

    /// <summary>A cautious guess of the input tokens.</summary>
    public required long InputTokensEstimated { get; init; }

    /// <summary>The most output tokens for each choice, 0 to 10^12; null if the client set no cap.</summary>
    public required long? OutputTokensMax { get; init; }

    /// <summary>How many answers are generated, 1 to 10^6; 0 where the endpoint generates none.</summary>
    public required int Choices { get; init; }

    /// <summary>How the answer will be built.</summary>
    public AnswerShape Shape { get; init; }

    /// <summary>Whether its tokens cost nothing and are not counted.</summary>
    public bool IsFree { get; init; }

    /// <summary>What to change in the body, in order of offset.</summary>
    public required IReadOnlyList<ByteEdit> Edits { get; init; }

    /// <summary>Where its output is capped.</summary>
    public OutputCaps OutputCaps { get; init; } = OutputCaps.None;

    /// <summary>What to change where each choice's output must be capped, too; null for no such need.</summary>
    public IReadOnlyList<ByteEdit> EditsFor(long? outputTokensCap) =>
        outputTokensCap is { } cap ? [.. Edits.Concat(OutputCaps.ToEdits(cap)).OrderBy(static edit => edit.Offset)] : Edits;
}
