namespace Relay.Grains.Usage;

/// <summary>How a call ended.</summary>
[GenerateSerializer, Alias("Relay.Outcome")]
public enum Outcome
{
    /// <summary>The upstream's answer, an error answer too, was relayed to its end.</summary>
    Completed,

    /// <summary>The client went before the end.</summary>
    ClientClosed,

    /// <summary>The upstream could not be reached, cut, stalled or answered no HTTP.</summary>
    UpstreamError,

    /// <summary>The frontend stopped renewing the hold: counted as far as it had told.</summary>
    Expired,
}
