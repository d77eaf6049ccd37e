namespace Relay.Frontend.Upstreams;

/// <summary>Why an upstream gave no answer.</summary>
internal enum UpstreamFailureKind
{
    /// <summary>No connection came about: the upstream has not seen the call.</summary>
    NeverSent,

    /// <summary>The connection broke, or what came was no HTTP.</summary>
    Broken,

    /// <summary>No answer came in time.</summary>
    TimedOut,

    /// <summary>The client went, and the drain's time was over before an answer came.</summary>
    ClientClosed,
}
