using System.Text.Json.Serialization;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A key, as the admin API shows it.</summary>
internal sealed record KeyBody
{
    public required string Id { get; init; }

    public string Object { get; } = "api_key";

    public required string Name { get; init; }

    public required string User { get; init; }

    /// <summary><c>active</c>, <c>revoked</c> or <c>expired</c>.</summary>
    public required KeyStatus Status { get; init; }

    /// <summary>The key's start and last four characters.</summary>
    public required string Hint { get; init; }

    public required IReadOnlyList<string> Models { get; init; }

    public required IReadOnlyList<LimitBody> Limits { get; init; }

    /// <summary>In unix seconds, like all times here.</summary>
    public required long CreatedAt { get; init; }

    public required long? ExpiresAt { get; init; }

    public required long? LastUsedAt { get; init; }

    /// <summary>The whole key: only in the answer that made it.</summary>
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
