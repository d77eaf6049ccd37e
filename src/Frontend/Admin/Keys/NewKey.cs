using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admin.Keys;

/// <summary>Checks what a new key shall be, and makes its settings and secret.</summary>
internal static class NewKey
{
    /// <summary>The settings of a new key, and its whole text, which is kept nowhere.</summary>
    public static KeySettings Make(CreateKeyBody body, DateTimeOffset now, out string text)
    {
        var token = ApiKeyToken.Create(out text, out var hint);
        return new KeySettings
        {
            Id = token.KeyId,
            Name = (body.Name ?? body.User)!,
            User = (body.User ?? body.Name)!.TrimEnd(' '),
            Hash = token.Hash,
            Hint = hint,
            Models = [.. body.Models ?? []],
            Limits = [.. (body.Limits ?? []).Select(limit => limit.ToLimit())],
            CreatedAt = now,
            ExpiresAt = body.ExpiresAt is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
        };
    }

    /// <summary>The first fault of a body, or null.</summary>
    public static RelayError? FindFault(CreateKeyBody body, DateTimeOffset now)
    {
        if (body.Name is null && body.User is null)
        {
            return RelayError.BadRequest("A key needs a 'user', or at least a 'name'.", "user");
        }

        return KeyRules.FindNameFault(body.Name, "name")
            ?? KeyRules.FindNameFault(body.User, "user")
            ?? KeyRules.FindModelsFault(body.Models)
            ?? KeyRules.FindExpiryFault(body.ExpiresAt, now)
            ?? KeyRules.FindLimitsFault(body.Limits);
    }
}
