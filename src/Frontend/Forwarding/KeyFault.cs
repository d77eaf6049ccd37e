using Relay.Frontend.Errors;
using Relay.Grains.Admission;
using Relay.Grains.Keys;

namespace Relay.Frontend.Forwarding;

/// <summary>Says why a key is not taken.</summary>
internal static class KeyFault
{
    /// <summary>The error for a key's status; null when it is good.</summary>
    public static RelayError? Of(KeyStatus status) => status switch
    {
        KeyStatus.Active => null,
        KeyStatus.Revoked => RelayError.InvalidKey(RefusalKind.RevokedKey),
        KeyStatus.Expired => RelayError.InvalidKey(RefusalKind.ExpiredKey),
        _ => RelayError.InvalidKey(),
    };
}
