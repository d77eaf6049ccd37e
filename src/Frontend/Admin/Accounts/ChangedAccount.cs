using System.Collections.Immutable;
using System.Globalization;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Errors;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Accounts;

/// <summary>Checks changes of users, teams and the organization, and makes them for the grain.</summary>
internal static class ChangedAccount
{
    /// <summary>The first fault of a body, or null. Whether its team is there, the body does not tell.</summary>
    public static RelayError? FindFault(PutUserBody body) =>
        KeyRules.FindNameFault(body.Name, "name") ?? KeyRules.FindNameFault(body.Team, "team") ?? FindLimitsFault(body.Limits, "limits");

    /// <summary>The first fault of a body, or null.</summary>
    public static RelayError? FindFault(PutTeamBody body) => KeyRules.FindNameFault(body.Name, "name") ?? FindLimitsFault(body.Limits, "limits");

    /// <summary>The first fault of a body, or null.</summary>
    public static RelayError? FindFault(PutOrganizationBody body) =>
        KeyRules.FindNameFault(body.Name, "name")
            ?? FindLimitsFault(body.Limits, "limits")
            ?? KeyRules.FindLimitsFault(body.DefaultKeyLimits, "default_key_limits")
            ?? FindLimitsFault(body.DefaultUserLimits, "default_user_limits");

    /// <summary>The change that a body without a fault asks for.</summary>
    public static AccountChange Make(PutUserBody body) => new()
    {
        Name = body.Name,
        Team = body.Team?.TrimEnd(' '),
        IsSuspended = body.Status == AccountStatus.Suspended,
        Limits = body.Limits is { } limits ? ToLimits(limits) : null,
    };

    /// <summary>The change that a body without a fault asks for.</summary>
    public static AccountChange Make(PutTeamBody body) => new()
    {
        Name = body.Name,
        IsSuspended = body.Status == AccountStatus.Suspended,
        Limits = ToLimits(body.Limits),
    };

    /// <summary>The change that a body without a fault asks for.</summary>
    public static AccountChange Make(PutOrganizationBody body) => new()
    {
        Name = body.Name,
        IsSuspended = body.Status == AccountStatus.Suspended,
        Limits = ToLimits(body.Limits),
        DefaultKeyLimits = ToLimits(body.DefaultKeyLimits),
        DefaultUserLimits = ToLimits(body.DefaultUserLimits),
    };

    /// <summary>An account has of each kind one limit: of two, the room that a key has been given would be of neither.</summary>
    private static RelayError? FindLimitsFault(IReadOnlyList<LimitBody>? bodies, string param)
    {
        if (KeyRules.FindLimitsFault(bodies, param) is { } fault)
        {
            return fault;
        }

        var known = new HashSet<LimitKey>();
        var limits = ToLimits(bodies);
        for (var i = 0; i < limits.Length; i++)
        {
            // The database does not see spaces at the end of a text.
            if (!known.Add(LimitKey.Of(default, limits[i] with { Model = limits[i].Model?.TrimEnd(' ') })))
            {
                return RelayError.BadRequest(
                    "Two limits have the same metric, window, model and enforcement: give one, with the lower amount.",
                    string.Create(CultureInfo.InvariantCulture, $"{param}[{i}]"));
            }
        }

        return null;
    }

    private static ImmutableArray<Limit> ToLimits(IReadOnlyList<LimitBody>? bodies) => [.. (bodies ?? []).Select(static limit => limit.ToLimit())];
}
