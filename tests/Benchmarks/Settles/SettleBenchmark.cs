using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;
using Relay.Testing;

namespace Relay.Benchmarks.Settles;

/// <summary>
/// How many calls a second one standalone silo reserves and settles durably, and how long a settle takes, alone and among others. The
/// directory of keys is in memory, since it is not on a call's path; the ledger is the database's.
/// </summary>
internal sealed class SettleBenchmark(string database, IHost host, CountingLedger ledger)
{
    private const int IdleCalls = 500;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(3);

    private readonly IGrainFactory _grains = host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Measures on each database that this machine has.</summary>
    public static async Task RunAllAsync()
    {
        Console.WriteLine("| database | keys | callers | settles/s | commits/s | rows a commit | settle p50 (ms) | settle p99 (ms) |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        await RunAsync("SQLite", new Dictionary<string, string?>(StringComparer.Ordinal));
        await using var postgres = await PrivatePostgres.StartNewAsync();
        if (postgres is null)
        {
            Console.WriteLine("There is no PostgreSQL on this machine: its figures are left out.");
            return;
        }

        await RunAsync("PostgreSQL", new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Relay:Database:Provider"] = "PostgreSql",
            ["ConnectionStrings:Relay"] = postgres.ConnectionString,
        });
    }

    /// <summary>Starts a silo on a database, measures, and stops it.</summary>
    private static async Task RunAsync(string database, IReadOnlyDictionary<string, string?> settings)
    {
        var folder = Directory.CreateTempSubdirectory("relay-benchmarks-").FullName;
        using (var directory = DataDirectory.Open(folder))
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.Configuration.AddInMemoryCollection(settings);
            builder.AddRelaySilo(directory);
            var real = builder.Services.Last(static service => service.ServiceType == typeof(IUsageLedger)).ImplementationType!;
            builder.Services.AddSingleton(services => new CountingLedger((IUsageLedger)ActivatorUtilities.CreateInstance(services, real)));
            builder.Services.AddSingleton<IUsageLedger>(static services => services.GetRequiredService<CountingLedger>());
            builder.Services.AddSingleton<IKeyDirectory>(new MemoryKeyDirectory(new MemoryLedger()));
            using var host = builder.Build();
            await host.StartAsync();
            await new SettleBenchmark(database, host, host.Services.GetRequiredService<CountingLedger>()).MeasureAsync();
            await host.StopAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    private async Task MeasureAsync()
    {
        var keys = new List<IKeyGrain>();
        for (var i = 0; i < 10_000; i++)
        {
            keys.Add(await BenchmarkCalls.CreateKeyAsync(_grains, i));
        }

        await IdleAsync(keys[0]);
        foreach (var count in new[] { 1, 100, 10_000 })
        {
            foreach (var callers in new[] { 64, 1_000 })
            {
                await ThroughputAsync(keys[..count], callers);
            }
        }
    }

    private async Task IdleAsync(IKeyGrain key)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < IdleCalls; i++)
        {
            times.Add(await CallAsync(key));
        }

        times.Sort();
        Write($"| {database} | 1 | 1 | | | 1 | {Percentile(times, 50)} | {Percentile(times, 99)} |");
    }

    private async Task ThroughputAsync(List<IKeyGrain> keys, int callers)
    {
        var (batches, rows) = (ledger.Batches, ledger.Rows);
        var start = Stopwatch.GetTimestamp();
        var next = 0;
        var times = (await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var own = new List<TimeSpan>();
            while (Stopwatch.GetElapsedTime(start) < Duration)
            {
                own.Add(await CallAsync(keys[(int)((uint)Interlocked.Increment(ref next) % keys.Count)]));
            }

            return own;
        })))).SelectMany(static own => own).Order().ToList();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        (batches, rows) = (ledger.Batches - batches, ledger.Rows - rows);
        Write($"| {database} | {keys.Count} | {callers} | {rows / seconds:F0} | {batches / seconds:F0} | {(double)rows / batches:F1} | {Percentile(times, 50)} | {Percentile(times, 99)} |");
    }

    /// <summary>Reserves and settles; answers how long the settle took.</summary>
    private static async Task<TimeSpan> CallAsync(IKeyGrain key)
    {
        var call = await BenchmarkCalls.ReserveAsync(key);
        var start = Stopwatch.GetTimestamp();
        await BenchmarkCalls.SettleAsync(key, call);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>In milliseconds; of times in their order.</summary>
    private static string Percentile(List<TimeSpan> times, int percent) =>
        times[times.Count * percent / 100].TotalMilliseconds.ToString("F2", CultureInfo.InvariantCulture);

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
