namespace Relay.Frontend.Forwarding;

/// <summary>How the relaying of an answer ended.</summary>
internal enum RelayEnd
{
    /// <summary>The upstream's answer is complete.</summary>
    Complete,

    /// <summary>The client went before it was.</summary>
    ClientClosed,

    /// <summary>The upstream cut it, or ended it before its time.</summary>
    UpstreamCut,

    /// <summary>The upstream sent nothing for too long.</summary>
    UpstreamStalled,
}
