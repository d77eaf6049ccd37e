using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Relay.Health;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Hosting;

public sealed class SiloHealthTests
{
    [Fact]
    public async Task Ready_SiloIsUp_Answers200()
    {
        using var folder = new TemporaryDirectory();
        using var directory = DataDirectory.Open(folder.FullPath);
        await using var app = Build(directory);
        await app.StartAsync(CancellationToken.None);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var live = await client.GetAsync(new Uri("health/live", UriKind.Relative), CancellationToken.None);
        using var ready = await client.GetAsync(new Uri("health/ready", UriKind.Relative), CancellationToken.None);
        await app.StopAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Equal(
            """{"status":"ready","checks":{"silo":{"status":"ok"},"database":{"status":"ok"}}}""",
            await ready.Content.ReadAsStringAsync(CancellationToken.None));
    }

    [Fact]
    public async Task SiloCheck_NotJoinedYet_IsUnhealthy()
    {
        using var folder = new TemporaryDirectory();
        using var directory = DataDirectory.Open(folder.FullPath);
        await using var app = Build(directory);
        var check = new SiloStatusCheck(app.Services.GetRequiredService<ISiloStatusOracle>());

        var result = await check.CheckHealthAsync(new HealthCheckContext(), CancellationToken.None);

        Assert.Equal(HealthStatus.Unhealthy, result.Status);
        Assert.Contains("not Active", result.Description, StringComparison.Ordinal);
    }

    private static WebApplication Build(DataDirectory directory)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.AddRelaySilo(directory);
        builder.AddSiloHealth();
        var app = builder.Build();
        app.MapHealth();
        return app;
    }
}
