using Microsoft.AspNetCore.Http.Features;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Errors;
using Relay.Grains.Directory;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Users;

/// <summary><c>/admin/api/users</c>.</summary>
internal static class UserEndpoints
{
    public static void Map(RouteGroupBuilder group) => group.MapGet("/users/{id}/usage", GetUsageAsync).WithMetadata(UsageOperations.User);

    private static async Task<IResult> GetUsageAsync(HttpContext http, IGrainFactory grains)
    {
        var id = IdOf(http);
        if (!await grains.GetGrain<IDirectoryGrain>(0).UserExistsAsync(id))
        {
            return new ErrorResult(RelayError.NotFound("There is no user of this id."));
        }

        var rows = await grains.GetGrain<IUsageReportGrain>(0).QueryAsync(new UsageQuery { User = id, GroupBy = UsageGroup.Model });
        return AdminJson.Ok(new UsageBody(
            id,
            new TotalsBody(rows.Aggregate(default(UsageTotals), (sum, row) => sum + row.Totals)),
            [.. rows.Select(row => new ModelTotalsBody(row.Group!, row.Totals))],
            Limits: []));
    }

    /// <summary>The id as the client escaped it: a route's value keeps an escaped slash, and so could not tell it from the text <c>%2F</c>.</summary>
    private static string IdOf(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        return Uri.UnescapeDataString(target.Split('?')[0].TrimEnd('/').Split('/')[^2]);
    }
}
