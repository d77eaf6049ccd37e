namespace Relay.Grains.Keys;

/// <summary>Whether a key is taken.</summary>
[GenerateSerializer, Alias("Relay.KeyStatus")]
public enum KeyStatus
{
    /// <summary>No key of that id was ever made, or the secret is not its.</summary>
    Unknown,

    /// <summary>The key is taken.</summary>
    Active,

    /// <summary>The key was revoked for good.</summary>
    Revoked,

    /// <summary>The key's time has passed.</summary>
    Expired,
}
