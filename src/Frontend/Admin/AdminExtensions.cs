using Relay.Frontend.Admin.Accounts;
using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Admin.Organization;
using Relay.Frontend.Admin.Teams;
using Relay.Frontend.Admin.Usage;
using Relay.Frontend.Admin.Users;

namespace Relay.Frontend.Admin;

/// <summary>Adds and maps the admin API.</summary>
internal static class AdminExtensions
{
    public static void AddAdmin(this WebApplicationBuilder builder) => builder.Services.AddSingleton<AccountRequests>();

    public static void MapAdmin(this WebApplication app)
    {
        var group = app.MapGroup("/admin/api").AddEndpointFilter<RouteGroupBuilder, AdminAuthorization>().AddEndpointFilter<RouteGroupBuilder, RetryFilter>();
        KeyEndpoints.Map(group);
        UserEndpoints.Map(group);
        TeamEndpoints.Map(group);
        OrganizationEndpoints.Map(group);
        UsageEndpoints.Map(group);
        VerifyEndpoints.Map(group);
        RepriceEndpoints.Map(group);
        OutboxEndpoints.Map(group);
    }
}
