using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>How log lines name what became of a call.</summary>
internal static class CallNames
{
    /// <summary>The outcome's name; <c>refused</c> for a call that was never admitted, <c>in_background</c> for one that is settled later.</summary>
    public static string Of(RelayedCall call) => !call.Admitted ? "refused" : call.GoesOn ? "in_background" : call.Outcome switch
    {
        Outcome.Completed => "completed",
        Outcome.ClientClosed => "client_closed",
        Outcome.UpstreamError => "upstream_error",
        Outcome.Expired => "expired",
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };
}
