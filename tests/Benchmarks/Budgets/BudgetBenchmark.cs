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
/// What one limit of the organization over all keys costs: how many calls are admitted and settled a second and core with it, against
/// the same without it. Both are measured in turn, again and again, on the same silos, for a moment each, and every other time the one
/// with it is the first: so what else the machine does meets both alike. The ratio is of all calls and all processor time of both; beside
/// it stand the quartiles of the rounds' own.
/// </summary>
internal sealed class BudgetBenchmark(string name, IReadOnlyList<IHost> silos)
{
    private const int Callers = 64;
    private const int Rounds = 10;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);

    private readonly IGrainFactory _grains = silos[0].Services.GetRequiredService<IGrainFactory>();

    /// <summary>Measures on one silo with SQLite, and on two with PostgreSQL where this machine has it.</summary>
    public static async Task RunAllAsync()
    {
        Console.WriteLine("| silos | keys | settled | calls/s a core, no limit above the key | with one of the organization | ratio | quartiles |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        await RunAsync("1, SQLite", [Settings()]);
        await using var postgres = await PrivatePostgres.StartNewAsync();
        if (postgres is null)
        {
            Console.WriteLine("There is no PostgreSQL on this machine: its figures are left out.");
            return;
        }

        await RunAsync("2, PostgreSQL", [.. new[] { "127.0.0.1", "127.0.0.2" }.Select(address => Settings(
            ("Relay:Database:Provider", "PostgreSql"),
            ("ConnectionStrings:Relay", postgres.ConnectionString),
            ("Relay:Cluster:Address", address)))]);
    }

    /// <summary>A silo's settings; a change of the limit takes no longer than a lease.</summary>
    private static Dictionary<string, string?> Settings(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(StringComparer.Ordinal) { ["Relay:Cluster:LeaseSeconds"] = "1" };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return all;
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
        var (without, with) = (new List<Rate>(), new List<Rate>());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var limited in new[] { round % 2 == 1, round % 2 == 0 })
            {
                await PutAsync(limited ? [new Limit(Metric.Tokens, Window.Month, 1_000_000_000_000_000)] : []);

                // What keys ask for in their first moments is not measured, but for how often they ask later.
                await RunAsync(keys, settles, WarmUp);
                (limited ? with : without).Add(await RunAsync(keys, settles, Duration));
            }
        }

        var (rate, rateWith) = (Rate.Of(without), Rate.Of(with));
        var ratios = without.Zip(with, static (without, with) => with.PerSecond / without.PerSecond).Order().ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {keys.Count} | {(settles ? "yes" : "no")} | {rate.PerSecond:F0} | {rateWith.PerSecond:F0} | {rateWith.PerSecond / rate.PerSecond:F2} | {ratios[Rounds / 4]:F2} to {ratios[Rounds * 3 / 4]:F2} |"));
    }

    private Task<Account> PutAsync(params ImmutableArray<Limit> limits) =>
        _grains.GetGrain<IAccountsGrain>(0).PutAsync(AccountId.Organization, new AccountChange { Limits = limits });

    private static async Task<Rate> RunAsync(List<IKeyGrain> keys, bool settles, TimeSpan duration)
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        var calls = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                await CallAsync(keys[(int)((uint)Interlocked.Increment(ref calls) % keys.Count)], settles);
            }
        })));
        process.Refresh();
        return new Rate(calls, process.TotalProcessorTime - before);
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

    /// <summary>Calls, and the processor time that they took.</summary>
    private sealed record Rate(int Calls, TimeSpan Cpu)
    {
        public double PerSecond => Calls / Cpu.TotalSeconds;

        public static Rate Of(IReadOnlyCollection<Rate> rates) =>
            new(rates.Sum(static rate => rate.Calls), TimeSpan.FromTicks(rates.Sum(static rate => rate.Cpu.Ticks)));
    }
}
