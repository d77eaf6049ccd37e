using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Hosting;

/// <summary>A started host with a standalone silo on a folder; stopped and closed when disposed.</summary>
internal sealed class StandaloneHost : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly IHost _host;

    private StandaloneHost(DataDirectory directory, IHost host)
    {
        _directory = directory;
        _host = host;
    }

    public IServiceProvider Services => _host.Services;

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<StandaloneHost> StartAsync(
        string folder, ILoggerProvider? logs = null, params IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        var directory = DataDirectory.Open(folder);
        builder.AddRelaySilo(directory);
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs);
        }

        var host = new StandaloneHost(directory, builder.Build());
        try
        {
            await host._host.StartAsync();
            return host;
        }
        catch
        {
            host._host.Dispose();
            directory.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        _directory.Dispose();
    }
}
