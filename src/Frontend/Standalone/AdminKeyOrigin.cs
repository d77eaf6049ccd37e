namespace Relay.Frontend.Standalone;

/// <summary>Where the admin key comes from.</summary>
/// <param name="Place">The variable or the file that holds it.</param>
/// <param name="Secret">The key.</param>
/// <param name="IsNew">Whether this start made it, so that it must still be kept in the place, and shown.</param>
internal sealed record AdminKeyOrigin(string Place, string Secret, bool IsNew)
{
    /// <summary>A record would show its members, and with them the secret.</summary>
    public override string ToString() => Place;
}
