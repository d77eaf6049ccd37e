using Relay.Grains.Usage;

namespace Relay.Grains.Models;

/// <summary>What of a call is charged, each 0 or more.</summary>
/// <param name="Tokens">Its tokens by class.</param>
internal readonly record struct Quantities(TokenUsage Tokens)
{
    /// <summary>Calls that the upstream has served.</summary>
    public long Calls { get; init; }

    /// <summary>Images that were made.</summary>
    public long Images { get; init; }

    /// <summary>How long audio was, in milliseconds.</summary>
    public long Milliseconds { get; init; }

    /// <summary>Characters that were spoken.</summary>
    public long Characters { get; init; }
}
