using Relay.Frontend.Admin.Accounts;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Grains.Accounts;

namespace Relay.Frontend.Admin.Organization;

/// <summary><c>/admin/api/organization</c>.</summary>
internal static class OrganizationEndpoints
{
    public static void Map(RouteGroupBuilder group)
    {
        group.MapGet("/organization", GetAsync).WithMetadata(OrganizationOperations.Get);
        group.MapPut("/organization", PutAsync).WithMetadata(OrganizationOperations.Put);
        group.MapGet("/organization/usage", GetUsageAsync).WithMetadata(OrganizationOperations.Usage);
    }

    private static Task<IResult> GetAsync(AccountRequests accounts) => accounts.GetAsync(AccountId.Organization, OrganizationBody.From);

    private static Task<IResult> PutAsync(HttpContext http, AccountRequests accounts) =>
        accounts.PutAsync<PutOrganizationBody, OrganizationBody>(
            http, AccountId.Organization, ChangedAccount.FindFault, ChangedAccount.Make, OrganizationBody.From);

    private static Task<IResult> GetUsageAsync(AccountRequests accounts) =>
        accounts.GetUsageAsync(AccountId.Organization, static () => Task.FromResult(true));
}
