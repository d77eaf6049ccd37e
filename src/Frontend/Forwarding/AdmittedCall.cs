using Relay.Frontend.Admission;
using Relay.Frontend.Background;

namespace Relay.Frontend.Forwarding;

/// <summary>What a call has once it may be sent. One without a hold was refused and answered.</summary>
/// <param name="Facts">What its request says, where there is a hold.</param>
/// <param name="Hold">Its hold; null when it was refused.</param>
/// <param name="Place">Its place among the calls whose response goes on in the background; null for another call.</param>
internal readonly record struct AdmittedCall(RequestFacts Facts, OpenHold? Hold, BackgroundPlace? Place) : IDisposable
{
    /// <summary>Gives back what the call has not used up.</summary>
    public void Dispose()
    {
        Hold?.Dispose();
        Place?.Dispose();
    }
}
