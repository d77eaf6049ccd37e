using Relay.Configuration;
using Relay.Frontend.Admin;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Background;
using Relay.Frontend.Dashboard;
using Relay.Frontend.Errors;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Health;
using Relay.Frontend.Overload;
using Relay.Frontend.Proxies;
using Relay.Frontend.Shutdown;
using Relay.Frontend.Standalone;
using Relay.Frontend.Upstreams;
using Relay.Health;
using Relay.Hosting;
using Relay.Logging;
using Relay.Silo.Dashboard;
using Relay.Silo.Storage;

namespace Relay.Frontend;

/// <summary>Composes Relay: what it is made of, and in which order.</summary>
internal static class FrontendApplication
{
    private const string DefaultAddress = "http://127.0.0.1:8080";

    /// <summary>Reads the settings' sources.</summary>
    /// <exception cref="SettingsException">One of them cannot be read.</exception>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // What ships beside the program is found from any working directory.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddWorkingDirectory();
        if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null && builder.Configuration["https_ports"] is null)
        {
            builder.WebHost.UseUrls(DefaultAddress);
        }

        return builder;
    }

    /// <summary>The data directory that the settings name.</summary>
    public static string DataDirectoryOf(IConfiguration configuration) =>
        configuration["Relay:DataDirectory"] is { Length: > 0 } path ? path : new StandaloneOptions().DataDirectory;

    /// <summary>Builds the application, ready to start.</summary>
    /// <exception cref="SettingsException">The settings are wrong: all faults at once.</exception>
    public static WebApplication Build(WebApplicationBuilder builder, DataDirectory directory)
    {
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(ConnectionApiKey.Use);
        });

        // Nothing on a call's path blocks, so that it need not change threads between the socket and the handler.
        builder.WebHost.UseSockets(static sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Logging.BatchConsole();
        builder.Services.AddRouting();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddProxies();
        builder.AddStandalone(directory);
        builder.AddUpstreams();
        builder.AddAdmission();
        builder.AddBackground();
        builder.AddOverload();
        builder.AddForwarding();
        builder.AddHealth();
        builder.AddShutdown();
        builder.AddAdmin();
        builder.AddAdminDocument();
        builder.StartWebServerFirst();

        var app = builder.Build();
        SettingsCheck.Run(app.Services);
        app.UseProxies();
        var gate = app.UseShutdown(spared: HealthExtensions.Path);
        app.UseRelayErrors(gate.Enter, gate.Leave);
        app.MapHealth();
        app.MapRelay();
        app.MapAdmin();
        app.MapAdminDocument();
        if (DashboardOptions.IsEnabled(app.Configuration))
        {
            app.MapDashboard();
        }

        return app;
    }
}
