namespace Relay.Grains.Keys;

/// <summary>A new secret for a key. It may be applied twice.</summary>
/// <param name="Hash">The SHA-256 of the whole new key.</param>
/// <param name="Hint">The new key's start and last four characters.</param>
/// <param name="Overlap">How long the secret that is replaced stays good: 0 or more.</param>
[GenerateSerializer, Immutable, Alias("Relay.KeyRotation")]
public sealed record KeyRotation([property: Id(0)] KeyHash Hash, [property: Id(1)] string Hint, [property: Id(2)] TimeSpan Overlap)
{
    /// <summary>The settings after it. A secret that an earlier rotation has replaced ends, whatever was left of its time.</summary>
    public KeySettings ApplyTo(KeySettings settings, DateTimeOffset now) =>
        settings.Hash == Hash ? settings
        : settings with
        {
            Hash = Hash,
            Hint = Hint,
            Previous = Overlap > TimeSpan.Zero ? new PreviousSecret(settings.Hash, now + Overlap) : null,
        };
}
