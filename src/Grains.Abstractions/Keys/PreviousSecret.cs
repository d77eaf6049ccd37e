namespace Relay.Grains.Keys;

/// <summary>The secret that a rotation has replaced, while it is still good.</summary>
/// <param name="Hash">The SHA-256 of the whole key that it was.</param>
/// <param name="Until">From when on it is refused.</param>
[GenerateSerializer, Immutable, Alias("Relay.PreviousSecret")]
public sealed record PreviousSecret([property: Id(0)] KeyHash Hash, [property: Id(1)] DateTimeOffset Until);
