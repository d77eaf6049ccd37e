using Orleans.Dashboard;
using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Dashboard;

/// <summary>Maps Orleans' dashboard, which has no lock of its own, behind the admin key.</summary>
internal static class DashboardExtensions
{
    private const string Path = "/admin/dashboard";

    /// <summary>Guards and maps it. Without a call of this there is nothing at its path.</summary>
    public static void MapDashboard(this WebApplication app)
    {
        var key = app.Services.GetRequiredService<AdminKey>();
        app.UseWhen(static http => http.Request.Path.StartsWithSegments(Path, StringComparison.OrdinalIgnoreCase), guarded => guarded.Use(async (http, next) =>
        {
            if (MayEnter(key, http.Request.Headers))
            {
                await next(http);
                return;
            }

            // A browser asks its user only if it is asked for Basic, so this outranks what the error says.
            http.Response.OnStarting(() =>
            {
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"Relay: any user, the admin key as password\"";
                return Task.CompletedTask;
            });
            await ErrorResult.WriteAsync(http, RelayError.InvalidAdminKey());
        }));
        app.MapOrleansDashboard(Path);
    }

    private static bool MayEnter(AdminKey key, IHeaderDictionary headers)
    {
        var bearer = CallerCredentials.FindBearer(headers);
        return key.Matches(bearer.IsEmpty ? AdminBrowser.FindPassword(headers) : bearer);
    }
}
