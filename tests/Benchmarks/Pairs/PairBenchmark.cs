using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;
using Relay.Testing;

namespace Relay.Benchmarks.Pairs;

/// <summary>
/// What a reserve and its settle cost where frontend and silo are one process, as keys become more; and what memory an active key takes. The
/// callers ask as a frontend does, on their own threads.
/// </summary>
internal sealed class PairBenchmark(string ledger, IHost host)
{
    private const int Callers = 64;
    private const int Rounds = 5;

    private static readonly int[] Counts = [10, 1_000, 10_000, 100_000];
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    private readonly ILocalKeys _local = host.Services.GetRequiredService<ILocalKeys>();

    /// <summary>Measures without a ledger and with SQLite's.</summary>
    public static async Task RunAllAsync()
    {
        Console.WriteLine("| ledger | keys | pairs/s a core | CPU a pair, to that of 1,000 keys |");
        Console.WriteLine("|---|---|---|---|");
        await RunAsync("none", static services => services.AddSingleton<IUsageLedger, NoLedger>());
        await RunAsync("SQLite", static _ => { });
    }

    private static async Task RunAsync(string ledger, Action<IServiceCollection> configure)
    {
        var folder = System.IO.Directory.CreateTempSubdirectory("relay-benchmarks-").FullName;
        using (var directory = DataDirectory.Open(folder))
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.AddRelaySilo(directory);
            builder.Services.AddSingleton<IKeyDirectory>(new MemoryKeyDirectory(new MemoryLedger()));
            configure(builder.Services);
            using var host = builder.Build();
            await host.StartAsync();
            await new PairBenchmark(ledger, host).MeasureAsync();
            await host.StopAsync();
        }

        System.IO.Directory.Delete(folder, recursive: true);
    }

    private async Task MeasureAsync()
    {
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var keys = new List<(string Id, IKeyGrain Grain)>();
        async Task MakeKeysAsync(int count)
        {
            while (keys.Count < count)
            {
                var key = await BenchmarkCalls.CreateKeyAsync(grains, keys.Count);
                await BenchmarkCalls.SettleAsync(key, await BenchmarkCalls.ReserveAsync(key));
                keys.Add(((await key.GetAsync())!.Settings.Id, key));
            }
        }

        await MakeKeysAsync(Counts[^2]);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await MakeKeysAsync(Counts[^1]);
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (Counts[^1] - Counts[^2]);

        await RunForAsync(keys[..1_000], TimeSpan.FromSeconds(10));

        // In turn, so that what else the machine does meets all alike.
        var cost = Counts.ToDictionary(static count => count, static _ => new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var count in Counts)
            {
                cost[count].Add(await RunForAsync(keys[..count], Duration));
            }
        }

        foreach (var count in Counts)
        {
            var median = Median(cost[count]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {ledger} | {count} | {1e6 / median:F0} | {median / Median(cost[1_000]):F2} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"An active key takes {bytes} bytes."));
    }

    /// <summary>Calls for a while; answers the processor time of a pair, in microseconds.</summary>
    private async Task<double> RunForAsync(List<(string Id, IKeyGrain Grain)> keys, TimeSpan duration)
    {
        using var process = Process.GetCurrentProcess();
        var (start, used) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
        var next = 0;
        var pairs = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            var own = 0L;
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                // In an order that has no pattern for the processor's caches.
                var (id, key) = keys[(int)((uint)Interlocked.Increment(ref next) * 2_654_435_761L % keys.Count)];
                await BenchmarkCalls.CallAsync(_local, id, key);
                own++;
            }

            return own;
        })));
        process.Refresh();
        return (process.TotalProcessorTime - used).TotalMicroseconds / pairs.Sum();
    }

    private static double Median(IEnumerable<double> figures) => figures.Order().ElementAt(Rounds / 2);
}
