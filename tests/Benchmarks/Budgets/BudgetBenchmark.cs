using System.Diagnostics;
using System.Globalization;
using Relay.Grains.Accounts;
using Relay.Grains.Keys;
using Relay.Grains.Quotas;
using Relay.Testing;

namespace Relay.Benchmarks.Budgets;

/// <summary>
/// What one limit of the organization over all keys costs: how many calls are admitted and settled a second and core with it, against
/// the same without it. There are two companies alike in one process, but for the limit; they are called in turn, for a moment each, and
/// every other time the one with it is the first: so what else the machine does meets both alike. The ratio is of all calls and all
/// processor time of both; beside it stand the quartiles of the rounds' own.
/// </summary>
internal sealed class BudgetBenchmark(string name, Company without, Company with)
{
    /// <summary>The most keys that it calls.</summary>
    public const int KeysMax = 10_000;

    private const int Callers = 64;
    private const int Rounds = 160;

    // About what these calls use in a month.
    private const long Tokens = 3_000_000_000_000;

    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(200);

    // What keys ask for in their first moments is not measured.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);

    /// <summary>Measures on one silo with SQLite, and on two with PostgreSQL where this machine has it, for each count of keys.</summary>
    public static async Task RunAllAsync(IReadOnlyList<int> counts)
    {
        Console.WriteLine("| silos | keys | settled | calls/s a core, no limit above the key | with one of the organization | ratio | quartiles |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        await RunAsync("1, SQLite", counts, [new Dictionary<string, string?>(StringComparer.Ordinal)], [new Dictionary<string, string?>(StringComparer.Ordinal)]);
        await using var postgres = await PrivatePostgres.StartNewAsync();
        await using var other = await PrivatePostgres.StartNewAsync();
        if (postgres is null || other is null)
        {
            Console.WriteLine("There is no PostgreSQL on this machine: its figures are left out.");
            return;
        }

        await RunAsync("2, PostgreSQL", counts, OfTwo(postgres, "127.0.0.1", "127.0.0.2"), OfTwo(other, "127.0.0.3", "127.0.0.4"));
    }

    private static Dictionary<string, string?>[] OfTwo(PrivatePostgres postgres, params string[] addresses) =>
    [
        .. addresses.Select(address => new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Relay:Database:Provider"] = "PostgreSql",
            ["ConnectionStrings:Relay"] = postgres.ConnectionString,
            ["Relay:Cluster:Address"] = address,
        }),
    ];

    private static async Task RunAsync(
        string name,
        IReadOnlyList<int> counts,
        IReadOnlyList<IReadOnlyDictionary<string, string?>> settings,
        IReadOnlyList<IReadOnlyDictionary<string, string?>> settingsWith)
    {
        await using var without = await Company.StartAsync(settings, KeysMax);
        await using var with = await Company.StartAsync(settingsWith, KeysMax);
        await with.Grains.GetGrain<IAccountsGrain>(0).PutAsync(
            AccountId.Organization, new AccountChange { Limits = [new Limit(Metric.Tokens, Window.Month, Tokens)] });
        var benchmark = new BudgetBenchmark(name, without, with);
        foreach (var count in counts)
        {
            foreach (var settles in new[] { false, true })
            {
                await benchmark.CompareAsync(count, settles);
            }
        }
    }

    private async Task CompareAsync(int count, bool settles)
    {
        var rates = new Dictionary<Company, List<Rate>> { [without] = [], [with] = [] };
        foreach (var company in rates.Keys)
        {
            await RunAsync(company, count, settles, WarmUp);
        }

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var company in round % 2 == 0 ? [without, with] : new[] { with, without })
            {
                rates[company].Add(await RunAsync(company, count, settles, Duration));
            }
        }

        var (rate, rateWith) = (Rate.Of(rates[without]), Rate.Of(rates[with]));
        var ratios = rates[without].Zip(rates[with], static (without, with) => with.PerSecond / without.PerSecond).Order().ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {count} | {(settles ? "yes" : "no")} | {rate.PerSecond:F0} | {rateWith.PerSecond:F0} | {rateWith.PerSecond / rate.PerSecond:F2} | {ratios[Rounds / 4]:F2} to {ratios[Rounds * 3 / 4]:F2} |"));
    }

    /// <summary>Each key is called by way of each silo in turn, so that wherever the keys are, as many calls go to another silo.</summary>
    private static async Task<Rate> RunAsync(Company company, int keys, bool settles, TimeSpan duration)
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        var calls = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                Interlocked.Increment(ref calls);
                await CallAsync(company.NextOf(keys), settles);
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
