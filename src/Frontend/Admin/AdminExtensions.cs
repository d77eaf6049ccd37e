using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Admin.Usage;
using Relay.Frontend.Admin.Users;

namespace Relay.Frontend.Admin;

/// <summary>Maps the admin API.</summary>
internal static class AdminExtensions
{
    public static void MapAdmin(this WebApplication app)
    {
        var group = app.MapGroup("/admin/api").AddEndpointFilter<RouteGroupBuilder, AdminAuthorization>().AddEndpointFilter<RouteGroupBuilder, RetryFilter>();
        KeyEndpoints.Map(group);
        UserEndpoints.Map(group);
        UsageEndpoints.Map(group);
        VerifyEndpoints.Map(group);
        RepriceEndpoints.Map(group);
        OutboxEndpoints.Map(group);
    }
}
