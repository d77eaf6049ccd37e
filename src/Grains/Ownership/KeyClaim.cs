namespace Relay.Grains.Ownership;

/// <summary>Says which activation owns a key. The database has one for each key; whoever's differs from it owns nothing any more.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="Silo">The owner's silo, by the id of its process's life.</param>
/// <param name="Epoch">How often the key was claimed, this time included: 1 or more.</param>
public sealed record KeyClaim(string KeyId, string Silo, long Epoch);
