using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;
using Relay.Testing;

namespace Relay.Benchmarks.Budgets;

/// <summary>Silos of their own, and the keys on them.</summary>
internal sealed class Company : IAsyncDisposable
{
    private readonly string _folder = System.IO.Directory.CreateTempSubdirectory("relay-benchmarks-").FullName;
    private readonly DataDirectory _directory;
    private readonly List<IHost> _silos = [];

    private long _next;

    private Company() => _directory = DataDirectory.Open(_folder);

    /// <summary>Grains by way of the first silo.</summary>
    public IGrainFactory Grains => _silos[0].Services.GetRequiredService<IGrainFactory>();

    /// <summary>How many silos there are.</summary>
    public int Silos => _silos.Count;

    private List<List<IKeyGrain>> Keys { get; } = [];

    /// <summary>The next of so many keys in turn, and in each round by way of another silo: the one that it is on, or another.</summary>
    public IKeyGrain NextOf(int keys)
    {
        var (round, key) = Math.DivRem(Interlocked.Increment(ref _next), keys);
        return Keys[(int)(round % Silos)][(int)key];
    }

    /// <summary>Starts a silo for each of these settings, and makes keys.</summary>
    public static async Task<Company> StartAsync(IReadOnlyList<IReadOnlyDictionary<string, string?>> settings, int keys)
    {
        var company = new Company();
        var known = new MemoryKeyDirectory(new MemoryLedger());
        foreach (var silo in settings)
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.Configuration.AddInMemoryCollection(silo);
            builder.AddRelaySilo(company._directory);
            builder.Services.AddSingleton<IKeyDirectory>(known);
            company._silos.Add(builder.Build());
            await company._silos[^1].StartAsync();
        }

        company.Keys.AddRange(company._silos.Select(static _ => new List<IKeyGrain>()));
        for (var i = 0; i < keys; i++)
        {
            var key = await BenchmarkCalls.CreateKeyAsync(company.Grains, i);
            for (var silo = 0; silo < company.Silos; silo++)
            {
                company.Keys[silo].Add(company._silos[silo].Services.GetRequiredService<IGrainFactory>().GetGrain<IKeyGrain>(key.GetPrimaryKeyString()));
            }
        }

        return company;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.StopAsync();
            silo.Dispose();
        }

        _directory.Dispose();
        System.IO.Directory.Delete(_folder, recursive: true);
    }
}
