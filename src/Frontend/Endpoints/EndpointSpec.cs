using System.Collections.Immutable;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Endpoints;

/// <summary>What Relay must know of a metered endpoint.</summary>
internal sealed record EndpointSpec
{
    /// <summary>The canonical path, with <c>/v1</c>: what the upstream is asked, what entries and reports say.</summary>
    public required string Path { get; init; }

    /// <summary>Whether a call generates output tokens, so that an output cap is reserved.</summary>
    public required bool GeneratesOutput { get; init; }

    /// <summary>Whether a streamed call takes <c>stream_options.include_usage</c>.</summary>
    public required bool TakesStreamOptions { get; init; }

    /// <summary>How its answers are built.</summary>
    public AnswerShape Shape { get; init; } = AnswerShape.Choices;

    /// <summary>The members that cap a choice's output; where a call has none, Relay adds the first, or the last for models that take only that one.</summary>
    public ImmutableArray<string> OutputCaps { get; init; } = [];

    /// <summary>The model of a call that names none; null where a call must name one.</summary>
    public string? ModelDefault { get; init; }

    /// <summary>Whether no upstream charges for it: calls are counted, tokens are not.</summary>
    public bool IsFree { get; init; }
}
