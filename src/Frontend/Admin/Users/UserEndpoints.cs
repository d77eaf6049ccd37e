using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Errors;
using Relay.Grains.Directory;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Users;

/// <summary><c>/admin/api/users</c>.</summary>
internal static class UserEndpoints
{
    public static void Map(RouteGroupBuilder group) => group.MapGet("/users/{id}/usage", GetUsageAsync);

    private static async Task<IResult> GetUsageAsync(string id, IGrainFactory grains)
    {
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
}
