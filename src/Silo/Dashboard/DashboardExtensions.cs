using Microsoft.Extensions.Configuration;
using Orleans.Dashboard;

namespace Relay.Silo.Dashboard;

/// <summary>Adds what Orleans' dashboard needs: on every silo, and on the clients that show it.</summary>
public static class DashboardExtensions
{
    /// <summary>Lets a silo collect what the dashboard shows, if the settings switch it on.</summary>
    public static ISiloBuilder AddDashboardIfEnabled(this ISiloBuilder silo, IConfiguration configuration) =>
        DashboardOptions.IsEnabled(configuration) ? silo.AddDashboard(HideLog) : silo;

    /// <summary>Lets a client show the dashboard, if the settings switch it on.</summary>
    public static IClientBuilder AddDashboardIfEnabled(this IClientBuilder client, IConfiguration configuration) =>
        DashboardOptions.IsEnabled(configuration) ? client.AddDashboard(HideLog) : client;

    // A process's whole log is more than whoever looks at grains must see.
    private static void HideLog(Orleans.Dashboard.DashboardOptions options) => options.HideTrace = true;
}
