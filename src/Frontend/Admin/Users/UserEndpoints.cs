using Relay.Frontend.Admin.Accounts;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Grains.Directory;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Admin.Users;

/// <summary><c>/admin/api/users</c>.</summary>
internal static class UserEndpoints
{
    public static void Map(RouteGroupBuilder group)
    {
        group.MapGet("/users", ListAsync).WithMetadata(UserOperations.List);
        group.MapGet("/users/{id}", GetAsync).WithMetadata(UserOperations.Get);
        group.MapPut("/users/{id}", PutAsync).WithMetadata(UserOperations.Put);
        group.MapGet("/users/{id}/usage", GetUsageAsync).WithMetadata(UserOperations.Usage);
    }

    private static Task<IResult> ListAsync(HttpContext http, AccountRequests accounts) =>
        accounts.ListAsync(http, Level.User, UserBody.From, static user => user.Id);

    private static Task<IResult> GetAsync(HttpContext http, AccountRequests accounts) =>
        accounts.GetAsync(AccountRequests.IdOf(http, Level.User), UserBody.From);

    private static Task<IResult> PutAsync(HttpContext http, AccountRequests accounts) =>
        accounts.PutAsync<PutUserBody, UserBody>(
            http, AccountRequests.IdOf(http, Level.User), ChangedAccount.FindFault, ChangedAccount.Make, UserBody.From);

    private static Task<IResult> GetUsageAsync(HttpContext http, AccountRequests accounts, IGrainFactory grains)
    {
        // Also someone whose keys all have moved to others, before Relay knew users.
        var id = AccountRequests.IdOf(http, Level.User, wordsAfter: 1);
        return accounts.GetUsageAsync(id, () => grains.GetGrain<IDirectoryGrain>(0).UserExistsAsync(id.Id));
    }
}
