using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>A change of some of a key's settings. It may be applied twice.</summary>
[GenerateSerializer, Immutable, Alias("Relay.KeyPatch")]
public sealed record KeyPatch
{
    /// <summary>The new name, 1 to 128 characters; empty for the user's id, null to leave it.</summary>
    [Id(0)] public string? Name { get; init; }

    /// <summary>The id of the user to whom the key belongs from now on, 1 to 128 characters; null to leave it.</summary>
    [Id(1)] public string? User { get; init; }

    /// <summary>All the patterns of models that the key may call, empty for any model; null to leave them.</summary>
    [Id(2)] public ImmutableArray<string>? Models { get; init; }

    /// <summary>All the key's limits; null to leave them.</summary>
    [Id(3)] public ImmutableArray<Limit>? Limits { get; init; }

    /// <summary>Whether <see cref="ExpiresAt"/> takes the place of the expiry that there is.</summary>
    [Id(4)] public bool SetsExpiry { get; init; }

    /// <summary>From when on the key is refused; null for never.</summary>
    [Id(5)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The settings after it.</summary>
    public KeySettings ApplyTo(KeySettings settings)
    {
        var user = User ?? settings.User;
        return settings with
        {
            Name = Name switch { null => settings.Name, "" => user, _ => Name },
            User = user,
            Models = Models ?? settings.Models,
            Limits = Limits ?? settings.Limits,
            ExpiresAt = SetsExpiry ? ExpiresAt : settings.ExpiresAt,
        };
    }
}
