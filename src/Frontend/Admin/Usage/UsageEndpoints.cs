using System.Globalization;
using System.Text.Json.Nodes;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Errors;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Usage;

/// <summary><c>GET /admin/api/usage</c>: who used how much.</summary>
internal static class UsageEndpoints
{
    private static readonly Dictionary<string, UsageGroup> Groups = new(StringComparer.Ordinal)
    {
        ["user"] = UsageGroup.User,
        ["key"] = UsageGroup.Key,
        ["team"] = UsageGroup.Team,
        ["model"] = UsageGroup.Model,
        ["endpoint"] = UsageGroup.Endpoint,
    };

    public static void Map(RouteGroupBuilder group) => group.MapGet("/usage", GetAsync).WithMetadata(UsageOperations.All);

    private static async Task<IResult> GetAsync(HttpContext http, IGrainFactory grains)
    {
        if (!TryRead(http.Request.Query, out var query, out var groupName, out var error))
        {
            return new ErrorResult(error!);
        }

        var rows = await grains.GetGrain<IUsageReportGrain>(0).QueryAsync(query!);
        return AdminJson.Ok(new ListBody<JsonObject>(
            [.. rows.Select(row => ToJson(row, groupName))],
            rows.IsEmpty ? null : rows[0].Group,
            rows.IsEmpty ? null : rows[^1].Group,
            HasMore: false));
    }

    private static bool TryRead(IQueryCollection parameters, out UsageQuery? query, out string? groupName, out RelayError? error)
    {
        query = null;
        groupName = null;
        error = parameters.Keys.FirstOrDefault(name => name is not ("from" or "to" or "group_by")) is { } unknown
            ? RelayError.BadRequest($"Unknown parameter '{unknown}'.", unknown)
            : null;
        if (error is not null || !TryReadTime(parameters, "from", out var from, out error) || !TryReadTime(parameters, "to", out var to, out error))
        {
            return false;
        }

        UsageGroup? group = null;
        if (parameters.TryGetValue("group_by", out var text))
        {
            if (!Groups.TryGetValue(text.ToString(), out var known))
            {
                error = RelayError.BadRequest("'group_by' must be user, key, team, model or endpoint.", "group_by");
                return false;
            }

            (group, groupName) = (known, text.ToString());
        }

        query = new UsageQuery { From = from, To = to, GroupBy = group };
        return true;
    }

    private static bool TryReadTime(IQueryCollection parameters, string name, out DateTimeOffset? time, out RelayError? error)
    {
        time = null;
        error = null;
        if (!parameters.TryGetValue(name, out var text))
        {
            return true;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 253_402_300_799)
        {
            error = RelayError.BadRequest($"'{name}' must be a time in unix seconds.", name);
            return false;
        }

        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    /// <summary>The sum's members after one named as the grouping, such as <c>"user": "alice"</c>.</summary>
    private static JsonObject ToJson(UsageRow row, string? groupName)
    {
        var json = new JsonObject();
        if (groupName is not null)
        {
            json[groupName] = row.Group;
        }

        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(new TotalsBody(row.Totals), AdminJson.Options)!.AsObject())
        {
            json[name] = value?.DeepClone();
        }

        return json;
    }
}
