using System.Globalization;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Errors;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Keys;

/// <summary>What a key's settings may be, new or changed. Each method answers the first fault, or null; what is absent has none.</summary>
internal static class KeyRules
{
    private const int NameLengthMax = 128;
    private const int ModelsMax = 100;
    private const int LimitsMax = 50;
    private const long UnixSecondsMax = 253_402_300_799;

    /// <summary>The fault of a key's or a user's name, which may be absent.</summary>
    public static RelayError? FindNameFault(string? name, string param) =>
        name is null || (name.Trim().Length is > 0 and <= NameLengthMax && name.Length <= NameLengthMax && !name.Any(char.IsControl))
            ? null
            : RelayError.BadRequest($"'{param}' must have 1 to 128 characters and no control characters.", param);

    /// <summary>The fault of model patterns.</summary>
    public static RelayError? FindModelsFault(IReadOnlyList<string>? models)
    {
        if (models is null)
        {
            return null;
        }

        return models.Count > ModelsMax ? RelayError.BadRequest("At most 100 model patterns can be given.", "models")
            : models.Select(FindPatternFault).FirstOrDefault(fault => fault is not null) is { } fault ? RelayError.BadRequest(fault, "models")
            : null;
    }

    /// <summary>What is wrong with a model pattern.</summary>
    public static string? FindPatternFault(string? pattern) =>
        pattern is { Length: > 0 and <= 256 } && !pattern.Any(char.IsControl) ? null : "A model pattern must have 1 to 256 characters and no control characters.";

    /// <summary>The fault of an expiry, in unix seconds.</summary>
    public static RelayError? FindExpiryFault(long? expiresAt, DateTimeOffset now) =>
        expiresAt is { } at && (at <= now.ToUnixTimeSeconds() || at > UnixSecondsMax)
            ? RelayError.BadRequest("'expires_at' must be a time to come, in unix seconds.", "expires_at")
            : null;

    /// <summary>The fault of limits.</summary>
    public static RelayError? FindLimitsFault(IReadOnlyList<LimitBody>? limits, string param = "limits")
    {
        if (limits is null)
        {
            return null;
        }

        if (limits.Count > LimitsMax)
        {
            return RelayError.BadRequest("At most 50 limits can be given.", param);
        }

        for (var i = 0; i < limits.Count; i++)
        {
            if (FindLimitFault(limits[i]) is var (member, fault))
            {
                return RelayError.BadRequest(fault, string.Create(CultureInfo.InvariantCulture, $"{param}[{i}]{member}"));
            }
        }

        return null;
    }

    private static (string Member, string Fault)? FindLimitFault(LimitBody? limit) => limit switch
    {
        null => ("", "A limit must be an object."),
        { Metric: null } => (".metric", "A limit needs a 'metric': requests, tokens, input_tokens, output_tokens, cost or concurrency."),
        { Window: null, Metric: not Metric.Concurrency } => (".window", "A limit needs a 'window': minute, hour, day, week, month or total."),
        { Metric: Metric.Cost, Amount: var usd } when !IsAmount(Metric.Cost, usd) =>
            (".amount", "A limit of cost needs an 'amount': US dollars from 0 to 1000000000, with at most nine decimals."),
        { Metric: { } metric, Amount: var amount } when !IsAmount(metric, amount) =>
            (".amount", "A limit needs an 'amount': a whole number from 0 to 1000000000000000."),
        { Model: { } model } when FindPatternFault(model) is { } fault => (".model", fault),
        _ => null,
    };

    private static bool IsAmount(Metric metric, decimal? amount) => amount is { } given && LimitAmount.Parse(metric, given) is not null;
}
