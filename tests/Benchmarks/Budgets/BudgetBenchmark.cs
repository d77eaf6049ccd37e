using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Grains.Accounts;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Quotas;
using Relay.Silo.Hosting;
using Relay.Silo.Storage;
using Relay.Testing;

namespace Relay.Benchmarks.Budgets;

/// <summary>
/// What one limit of the organization over all keys costs: how many calls are admitted and settled a second and core with it, against the same without it. Both are measured in
/// turn, again and again, on the same silos.
/// </summary>
internal sealed class BudgetBenchmark(string name, IReadOnlyList<IHost> silos)
{
    private const int Callers = 64;
    private const int Rounds = 3;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    private readonly IGrainFactory _grains = silos[0].Services.GetRequiredService<IGrainFactory>();

    /// <summary>Measures on one silo with SQLite, and on two with PostgreSQL where this machine has it.</summary>
    public static async Task RunAllAsync()
    {
        Console.WriteLine("| silos | keys | settled | calls/s a core, no limit above the key | with one of the organization | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|");
        await RunAsync("1, SQLite", [new Dictionary<string, string?>(StringComparer.Ordinal)]);
        await using var postgres = await PrivatePostgres.StartNewAsync();
        if (postgres is null)
        {
            Console.WriteLine("There is no PostgreSQL on this machine: its figures are left out.");
            return;
        }

        await RunAsync("2, PostgreSQL", [.. new[] { "127.0.0.1", "127.0.0.2" }.Select(address => new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Relay:Database:Provider"] = "PostgreSql",
            ["ConnectionStrings:Relay"] = postgres.ConnectionString,
            ["Relay:Cluster:Address"] = address,
        })]);
    }

    private static async Task RunAsync(string name, IReadOnlyList<IReadOnlyDictionary<string, string?>> settings)
    {
        var folder = Directory.CreateTempSubdirectory("relay-benchmarks-").FullName;
        using (var directory = DataDirectory.Open(folder))
        {
            var keys = new MemoryKeyDirectory(new MemoryLedger());
            var hosts = new List<IHost>();
            foreach (var silo in settings)
            {
                var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
                builder.Configuration.AddInMemoryCollection(silo);
                builder.AddRelaySilo(directory);
                builder.Services.AddSingleton<IKeyDirectory>(keys);
                hosts.Add(builder.Build());
                await hosts[^1].StartAsync();
            }

            await new BudgetBenchmark(name, hosts).MeasureAsync();
            foreach (var host in hosts)
            {
                await host.StopAsync();
                host.Dispose();
            }
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

        foreach (var count in new[] { 1, 100, 10_000 })
        {
            foreach (var settles in new[] { false, true })
            {
                await CompareAsync(keys[..count], settles);
            }
        }
    }

    private async Task CompareAsync(List<IKeyGrain> keys, bool settles)
    {
        var (without, with) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            await PutAsync();
            await RateAsync(keys, settles);
            without.Add(await RateAsync(keys, settles));
            await PutAsync(new Limit(Metric.Tokens, Window.Month, 1_000_000_000_000_000));

            // What keys ask for in their first second is not measured, but for how often they ask later.
            await RateAsync(keys, settles);
            with.Add(await RateAsync(keys, settles));
        }

        var (median, medianWith) = (Median(without), Median(with));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {name} | {keys.Count} | {(settles ? "yes" : "no")} | {median:F0} | {medianWith:F0} | {medianWith / median:F2} |"));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private Task<Account> PutAsync(params ImmutableArray<Limit> limits) =>
        _grains.GetGrain<IAccountsGrain>(0).PutAsync(AccountId.Organization, new AccountChange { Limits = limits });

    /// <summary>Calls a second of processor time.</summary>
    private static async Task<double> RateAsync(List<IKeyGrain> keys, bool settles)
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        var calls = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < Duration)
            {
                await CallAsync(keys[(int)((uint)Interlocked.Increment(ref calls) % keys.Count)], settles);
            }
        })));
        process.Refresh();
        return calls / (process.TotalProcessorTime - before).TotalSeconds;
    }

    /// <summary>Reserves, and settles or, where the ledger is left out, releases.</summary>
    private static async Task CallAsync(IKeyGrain key, bool settles)
    {
        var call = await BenchmarkCalls.ReserveAsync(key);
        if (settles)
        {
            await BenchmarkCalls.SettleAsync(key, call);
        }
        else
        {
            await key.ReleaseAsync(call.RequestId);
        }
    }
}
