using System.Globalization;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;
using Relay.Grains.Keys;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Keys;

/// <summary>Checks what a new key shall be, and makes its settings and secret.</summary>
internal static class NewKey
{
    private const int NameLengthMax = 128;
    private const int ModelsMax = 100;
    private const int LimitsMax = 50;
    private const long AmountMax = 1_000_000_000_000_000;
    private const long UnixSecondsMax = 253_402_300_799;

    /// <summary>The settings of a new key, and its whole text, which is kept nowhere.</summary>
    public static KeySettings Make(CreateKeyBody body, DateTimeOffset now, out string text)
    {
        var token = ApiKeyToken.Create(out text, out var hint);
        return new KeySettings
        {
            Id = token.KeyId,
            Name = (body.Name ?? body.User)!,
            User = (body.User ?? body.Name)!,
            Hash = token.Hash,
            Hint = hint,
            Models = [.. body.Models ?? []],
            Limits = [.. (body.Limits ?? []).Select(limit => new Limit(limit.Metric!.Value, limit.Window ?? Window.Total, limit.Amount!.Value, limit.Model))],
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

        return FindNameFault(body.Name, "name")
            ?? FindNameFault(body.User, "user")
            ?? FindModelsFault(body.Models)
            ?? (body.ExpiresAt is { } at && (at <= now.ToUnixTimeSeconds() || at > UnixSecondsMax)
                ? RelayError.BadRequest("'expires_at' must be a time to come, in unix seconds.", "expires_at")
                : null)
            ?? FindLimitsFault(body.Limits);
    }

    private static RelayError? FindNameFault(string? name, string param) =>
        name is null || (name.Trim().Length is > 0 and <= NameLengthMax && name.Length <= NameLengthMax && !name.Any(char.IsControl))
            ? null
            : RelayError.BadRequest($"'{param}' must have 1 to 128 characters and no control characters.", param);

    private static RelayError? FindModelsFault(IReadOnlyList<string>? models)
    {
        if (models is null)
        {
            return null;
        }

        return models.Count > ModelsMax ? RelayError.BadRequest("At most 100 model patterns can be given.", "models")
            : models.Select(FindPatternFault).FirstOrDefault(fault => fault is not null) is { } fault ? RelayError.BadRequest(fault, "models")
            : null;
    }

    private static string? FindPatternFault(string? pattern) =>
        pattern is { Length: > 0 and <= 256 } && !pattern.Any(char.IsControl) ? null : "A model pattern must have 1 to 256 characters and no control characters.";

    private static RelayError? FindLimitsFault(IReadOnlyList<LimitBody>? limits)
    {
        if (limits is null)
        {
            return null;
        }

        if (limits.Count > LimitsMax)
        {
            return RelayError.BadRequest("At most 50 limits can be given.", "limits");
        }

        for (var i = 0; i < limits.Count; i++)
        {
            var param = string.Create(CultureInfo.InvariantCulture, $"limits[{i}]");
            if (FindLimitFault(limits[i]) is var (member, fault))
            {
                return RelayError.BadRequest(fault, $"{param}{member}");
            }
        }

        return null;
    }

    private static (string Member, string Fault)? FindLimitFault(LimitBody? limit) => limit switch
    {
        null => ("", "A limit must be an object."),
        { Metric: null } => (".metric", "A limit needs a 'metric': requests, tokens, input_tokens, output_tokens or concurrency."),
        { Window: null, Metric: not Metric.Concurrency } => (".window", "A limit needs a 'window': minute, hour, day, week, month or total."),
        { Amount: null or < 0 or > AmountMax } => (".amount", "A limit needs an 'amount': a whole number from 0 to 1000000000000000."),
        { Enforcement: not "soft" } => (".enforcement", "The only 'enforcement' of this version is soft."),
        { Model: { } model } when FindPatternFault(model) is { } fault => (".model", fault),
        _ => null,
    };
}
