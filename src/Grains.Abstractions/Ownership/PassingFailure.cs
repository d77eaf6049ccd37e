using Relay.Grains.Ledger;

namespace Relay.Grains.Ownership;

/// <summary>The failures of calls to grains that pass by themselves once the cluster has settled, after a silo died, left or came.</summary>
public static class PassingFailure
{
    /// <summary>Whether the same call may be tried again. What a grain says of itself, such as that its database is gone, is no such failure.</summary>
    public static bool Is(Exception? failure) => failure
        is OrleansException or TimeoutException or StaleActivationException or OwnerChangingException;
}
