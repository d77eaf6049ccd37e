namespace Relay.Frontend.Metering;

/// <summary>What a piece of generated text is.</summary>
internal enum OutputTextKind
{
    /// <summary>What the model says, or why it refuses.</summary>
    Said,

    /// <summary>Names and arguments of tool calls, transcripts of audio.</summary>
    Called,

    /// <summary>Reasoning, as <c>reasoning</c>.</summary>
    Reasoning,

    /// <summary>Reasoning, as <c>reasoning_content</c>; some upstreams send the same text under both names.</summary>
    ReasoningContent,
}
