using System.Globalization;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admin.Keys;

/// <summary>Checks changes of a key, and makes them for its grain.</summary>
internal static class ChangedKey
{
    private const long OverlapSecondsMax = 7 * 24 * 3600;

    /// <summary>The first fault of a body, or null.</summary>
    public static RelayError? FindFault(PatchKeyBody body, DateTimeOffset now) =>
        body.User is null && body.Has(nameof(body.User))
            ? RelayError.BadRequest("A key always belongs to a user: 'user' can be changed, but not cleared.", "user")
            : KeyRules.FindNameFault(body.Name, "name")
                ?? KeyRules.FindNameFault(body.User, "user")
                ?? KeyRules.FindModelsFault(body.Models)
                ?? KeyRules.FindExpiryFault(body.ExpiresAt, now)
                ?? KeyRules.FindLimitsFault(body.Limits);

    /// <summary>The first fault of a body, or null.</summary>
    public static RelayError? FindFault(RotateKeyBody body) =>
        body.OverlapSeconds is >= 0 and <= OverlapSecondsMax
            ? null
            : RelayError.BadRequest(
                string.Create(CultureInfo.InvariantCulture, $"'overlap_seconds' must be a whole number from 0 to {OverlapSecondsMax}."), "overlap_seconds");

    /// <summary>The change that a body without a fault asks for.</summary>
    public static KeyPatch Make(PatchKeyBody body) => new()
    {
        Name = body.Has(nameof(body.Name)) ? body.Name ?? "" : null,
        User = body.User?.TrimEnd(' '),
        Models = body.Has(nameof(body.Models)) ? [.. body.Models ?? []] : null,
        Limits = body.Has(nameof(body.Limits)) ? [.. (body.Limits ?? []).Select(limit => limit.ToLimit())] : null,
        SetsExpiry = body.Has(nameof(body.ExpiresAt)),
        ExpiresAt = body.ExpiresAt is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
    };

    /// <summary>A rotation to a new secret, and the key's whole new text, which is kept nowhere.</summary>
    public static KeyRotation Make(string keyId, RotateKeyBody body, out string text)
    {
        var token = ApiKeyToken.Create(keyId, out text, out var hint);
        return new KeyRotation(token.Hash, hint, TimeSpan.FromSeconds(body.OverlapSeconds));
    }
}
