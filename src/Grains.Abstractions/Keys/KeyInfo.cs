namespace Relay.Grains.Keys;

/// <summary>A key as the admin API shows it.</summary>
/// <param name="Settings">The directory's row.</param>
/// <param name="LastUsedAt">When the key's newest counted call was reserved, or null.</param>
[GenerateSerializer, Immutable, Alias("Relay.KeyInfo")]
public sealed record KeyInfo([property: Id(0)] KeySettings Settings, [property: Id(1)] DateTimeOffset? LastUsedAt);
