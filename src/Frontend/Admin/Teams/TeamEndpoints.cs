using Relay.Frontend.Admin.Accounts;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Teams;

/// <summary><c>/admin/api/teams</c>.</summary>
internal static class TeamEndpoints
{
    public static void Map(RouteGroupBuilder group)
    {
        group.MapGet("/teams", ListAsync).WithMetadata(TeamOperations.List);
        group.MapGet("/teams/{id}", GetAsync).WithMetadata(TeamOperations.Get);
        group.MapPut("/teams/{id}", PutAsync).WithMetadata(TeamOperations.Put);
        group.MapGet("/teams/{id}/usage", GetUsageAsync).WithMetadata(TeamOperations.Usage);
    }

    private static Task<IResult> ListAsync(HttpContext http, AccountRequests accounts) =>
        accounts.ListAsync(http, Level.Team, TeamBody.From, static team => team.Id);

    private static Task<IResult> GetAsync(HttpContext http, AccountRequests accounts) =>
        accounts.GetAsync(AccountRequests.IdOf(http, Level.Team), TeamBody.From);

    private static Task<IResult> PutAsync(HttpContext http, AccountRequests accounts) =>
        accounts.PutAsync<PutTeamBody, TeamBody>(
            http, AccountRequests.IdOf(http, Level.Team), ChangedAccount.FindFault, ChangedAccount.Make, TeamBody.From);

    // A team is made before anyone is in it, and is never gone.
    private static Task<IResult> GetUsageAsync(HttpContext http, AccountRequests accounts) =>
        accounts.GetUsageAsync(AccountRequests.IdOf(http, Level.Team, wordsAfter: 1), static () => Task.FromResult(false));
}
