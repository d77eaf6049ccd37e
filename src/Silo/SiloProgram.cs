using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Configuration;
using Relay.Health;
using Relay.Hosting;
using Relay.Logging;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;

namespace Relay.Silo;

/// <summary>Runs a silo as a program, without a frontend: a member of a cluster on a database server.</summary>
internal static class SiloProgram
{
    private const string DefaultAddress = "http://127.0.0.1:8081";

    // As the frontend's appsettings.json has them; a file of that name here would meet the frontend's in its folder.
    private static readonly Dictionary<string, string?> Defaults = new(StringComparer.Ordinal)
    {
        ["Logging:LogLevel:Default"] = "Warning",
        ["Logging:LogLevel:Relay"] = "Information",
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "None",
        ["Logging:Console:FormatterName"] = "simple",
        ["Logging:Console:FormatterOptions:SingleLine"] = "true",
        ["Logging:Console:FormatterOptions:TimestampFormat"] = "yyyy-MM-ddTHH:mm:ss.fffZ ",
        ["Logging:Console:FormatterOptions:UseUtcTimestamp"] = "true",
    };

    /// <summary>Runs until it is told to stop; see <see cref="ProgramExit.RunAsync"/>.</summary>
    public static Task<int> RunAsync(string[] args) => ProgramExit.RunAsync(Console.Error, async exit =>
    {
        await using var app = Build(args);
        if (!await exit.StartAsync(app))
        {
            return;
        }

        foreach (var address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses)
        {
            await Console.Out.WriteLineAsync($"Health on: {address}");
        }

        await app.WaitForShutdownAsync(CancellationToken.None);
    });

    private static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddWorkingDirectory();
        if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null && builder.Configuration["https_ports"] is null)
        {
            builder.WebHost.UseUrls(DefaultAddress);
        }

        // Below all other sources.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Defaults });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.BatchConsole();
        builder.AddRelaySilo(directory: null);
        builder.AddSiloHealth();
        builder.StartWebServerFirst();

        var app = builder.Build();
        SettingsCheck.Run(app.Services);
        if (DatabaseSettings.ServerOf(app.Configuration) is null)
        {
            throw new SettingsException([
                "Relay:Database:Provider must be PostgreSql or SqlServer: a silo of its own shares its database with others. "
                + "On SQLite, run the Frontend, which hosts a silo itself.",
            ]);
        }

        app.MapHealth();
        return app;
    }
}
