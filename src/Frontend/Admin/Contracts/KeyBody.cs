using System.Text.Json.Serialization;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A key, as the admin API shows it.</summary>
internal sealed record KeyBody
{
    /// <summary>The key's id, which never changes: <c>key_</c> and 16 characters.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>api_key</c>.</summary>
    public string Object { get; } = "api_key";

    /// <summary>A name for people.</summary>
    public required string Name { get; init; }

    /// <summary>To whom the key belongs.</summary>
    public required string User { get; init; }

    /// <summary><c>active</c>, <c>revoked</c> or <c>expired</c>.</summary>
    public required KeyStatus Status { get; init; }

    /// <summary>The key's start and last four characters.</summary>
    public required string Hint { get; init; }

    /// <summary>Patterns of the models that the key may call; empty allows all.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The key's limits; empty when nothing is limited.</summary>
    public required IReadOnlyList<LimitBody> Limits { get; init; }

    /// <summary>When the key was made, in unix seconds, like all times here.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>From when on the key is refused; null for never.</summary>
    public required long? ExpiresAt { get; init; }

    /// <summary>When the newest call that is counted began; null when none was.</summary>
    public required long? LastUsedAt { get; init; }

    /// <summary>The key's whole text: only in the answer that made it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Key { get; init; }

    public static KeyBody From(KeyInfo info, DateTimeOffset now, string? key = null) => new()
    {
        Id = info.Settings.Id,
        Name = info.Settings.Name,
        User = info.Settings.User,
        Status = info.Settings.StatusAt(now),
        Hint = info.Settings.Hint,
        Models = info.Settings.Models,
        Limits = [.. info.Settings.Limits.Select(LimitBody.From)],
        CreatedAt = info.Settings.CreatedAt.ToUnixTimeSeconds(),
        ExpiresAt = info.Settings.ExpiresAt?.ToUnixTimeSeconds(),
        LastUsedAt = info.LastUsedAt?.ToUnixTimeSeconds(),
        Key = key,
    };
}
