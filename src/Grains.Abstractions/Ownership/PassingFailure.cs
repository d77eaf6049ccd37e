using Relay.Grains.Ledger;

namespace Relay.Grains.Ownership;

/// <summary>The failures of calls to grains that pass by themselves once the cluster has settled, after a silo died, left or came.</summary>
public static class PassingFailure
{
    /// <summary>
    /// Whether the same call may be tried again, unless whoever called has cancelled it. What a grain says of itself, such as that its
    /// database is gone, is no such failure.
    /// </summary>
    /// <remarks>
    /// A cancellation that nobody has asked for is Orleans' answer to a call that has waited too long for a place of its grain ("Message
    /// expired before placement could complete"), and a stopping silo's to what it could not write any more.
    /// </remarks>
    public static bool Is(Exception? failure) => failure
        is OrleansException or TimeoutException or OperationCanceledException or StaleActivationException or OwnerChangingException;
}
