using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Relay.Hosting;

/// <summary>
/// Has a program's web server start before all that it serves, so that the program can say of itself that it lives, and what it waits
/// for, while a database or a cluster is not there yet. It still stops before all else.
/// </summary>
internal static class WebServerFirst
{
    /// <summary>Moves the server's start to the front. What answers before the host has started is the program's own care.</summary>
    public static void StartWebServerFirst(this WebApplicationBuilder builder) =>
        builder.Host.ConfigureContainer<IServiceCollection>((_, services) => Move(services));

    private static void Move(IServiceCollection services)
    {
        // ASP.NET adds it last when the application is built, and keeps its type to itself.
        var server = services.Last(service => service.ServiceType == typeof(IHostedService));
        if (server.ImplementationType is not { Name: "GenericWebHostService" } type)
        {
            throw new InvalidOperationException("The web server is not the last hosted service, as it was in ASP.NET 10.");
        }

        services.Remove(server);
        services.AddSingleton(type);
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(provider => new Starting((IHostedService)provider.GetRequiredService(type))));
        services.AddSingleton<IHostedService>(provider => new Stopping((IHostedService)provider.GetRequiredService(type)));
    }

    private sealed class Starting(IHostedService server) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => server.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Added last, and so stopped first.</summary>
    private sealed class Stopping(IHostedService server) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => server.StopAsync(cancellationToken);
    }
}
