using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Background;

/// <summary>What the upstream says of a response.</summary>
/// <param name="Kind">How it is.</param>
/// <param name="Usage">The reported counts, or null.</param>
/// <param name="Model">The model that made it, or null.</param>
/// <param name="Text">The text generated so far, or null.</param>
internal sealed record ResponseState(ResponseStateKind Kind, TokenUsage? Usage = null, string? Model = null, OutputText? Text = null)
{
    /// <summary>Nothing was learned.</summary>
    public static readonly ResponseState Unanswered = new(ResponseStateKind.Unanswered);

    /// <summary>There is no such response.</summary>
    public static readonly ResponseState Unknown = new(ResponseStateKind.Unknown);
}
