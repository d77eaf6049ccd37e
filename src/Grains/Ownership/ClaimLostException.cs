namespace Relay.Grains.Ownership;

/// <summary>A change was refused, because another activation has claimed the key; nothing was written.</summary>
public sealed class ClaimLostException(KeyClaim claim)
    : Exception($"{claim.KeyId} has another owner by now; the same call may be tried again.");
