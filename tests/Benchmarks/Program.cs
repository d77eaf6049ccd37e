using System.Globalization;
using BenchmarkDotNet.Running;
using Relay.Benchmarks.Budgets;
using Relay.Benchmarks.Load;
using Relay.Benchmarks.Pairs;
using Relay.Benchmarks.Settles;

// load: Relay beside bare proxies. overload: more than it can take. settles: durable settles a second. pairs: reserve and settle in one process. budgets: what a limit of the organization costs. parts: the pure parts, by BenchmarkDotNet.
// upstream and yarp are what load starts.
switch (args)
{
    case ["load", .. var options]:
        await LoadRun.RunAsync(options);
        break;
    case ["overload", .. var options]:
        await OverloadRun.RunAsync(options);
        break;
    case ["settles"]:
        await SettleBenchmark.RunAllAsync();
        break;
    case ["pairs"]:
        await PairBenchmark.RunAllAsync();
        break;
    case ["budgets", .. var counts]:
        await BudgetBenchmark.RunAllAsync(counts is [] ? [1, 100, BudgetBenchmark.KeysMax] : [.. counts.Select(static count => int.Parse(count, CultureInfo.InvariantCulture))]);
        break;
    case ["parts", .. var options]:
        // In this process: it would not find this project, whose name is not its assembly's, to build it again.
        BenchmarkSwitcher.FromAssembly(typeof(LoadRun).Assembly).Run(["--inProcess", .. options]);
        break;
    case ["upstream", var address]:
        await MockUpstream.RunAsync(address);
        break;
    case ["yarp", var address, var upstream]:
        await BareYarp.RunAsync(address, upstream);
        break;
    default:
        await Console.Error.WriteLineAsync("Usage: Relay.Benchmarks load [--rounds 2] [--seconds 5] [--relay PATH] | overload [--clients 10000] [--relay PATH] | settles | pairs | budgets [KEYS...] | parts [BenchmarkDotNet's options]");
        return 2;
}

return 0;
