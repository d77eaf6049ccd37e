using System.Globalization;
using System.Reflection;
using Relay.Testing;

namespace Relay.Benchmarks.Load;

/// <summary>
/// Puts Relay, with everything on, and bare proxies in turn under the same load on this machine, and prints the medians of the rounds
/// with their ratios to YARP. What counts is each proxy's own processor time: the client and the upstream share the machine with it.
/// </summary>
internal sealed class LoadRun(IReadOnlyList<Peer> peers, TimeSpan duration)
{
    private const string AdminKey = "admin-key-of-the-load-run-0123456789";

    private const int Streams = 100;
    private const int StreamPauseMs = 20;
    private const int HeldStreams = 2_000;

    private static readonly string[] Rows =
    [
        Names.CpuClosed, Names.CallsClosed, Names.CpuOpen, Names.P50Open, Names.P50Alone,
        Names.CpuChunk, Names.DelayP50, Names.DelayP99, Names.FirstByte, Names.Memory, Names.Start,
    ];

    private readonly Dictionary<(string Row, string Peer), List<double>> _found = [];

    /// <summary>Starts all, measures, and stops all.</summary>
    public static async Task RunAsync(string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("relay-load-").FullName;
        var peers = new List<Peer>();
        try
        {
            var upstream = new Uri("http://127.0.0.1:9400");
            peers.Add(await StartSelfAsync("upstream", upstream, folder, [], "upstream", upstream.AbsoluteUri));
            var yarp = new Uri("http://127.0.0.1:9401");
            peers.Add(await StartSelfAsync("yarp", yarp, folder, [], "yarp", yarp.AbsoluteUri, upstream.AbsoluteUri));
            var tuned = new Uri("http://127.0.0.1:9402");
            peers.Add(await StartSelfAsync(
                "yarp-tuned",
                tuned,
                folder,
                new()
                {
                    ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0",
                    ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
                },
                "yarp",
                tuned.AbsoluteUri,
                upstream.AbsoluteUri));
            if (await Nginx.StartAsync(new Uri("http://127.0.0.1:9403"), upstream, folder) is { } nginx)
            {
                peers.Add(nginx);
            }

            var relay = await StartRelayAsync(Option(options, "--relay") ?? RelayProcess.ProgramPath, upstream, folder);
            peers.Add(relay);
            await relay.MakeKeyAsync(AdminKey);

            var run = new LoadRun(peers[1..], TimeSpan.FromSeconds(int.Parse(Option(options, "--seconds") ?? "5", CultureInfo.InvariantCulture)));
            await run.MeasureAsync(int.Parse(Option(options, "--rounds") ?? "2", CultureInfo.InvariantCulture));
            run.Write();
        }
        finally
        {
            peers.ForEach(static peer => peer.Dispose());
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The value that follows an option, or null.</summary>
    public static string? Option(string[] options, string name) =>
        Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? options[at + 1] : null;

    private static Task<Peer> StartSelfAsync(string name, Uri address, string folder, Dictionary<string, string> environment, params string[] arguments) =>
        Peer.StartAsync(name, address, folder, environment, ["dotnet", Assembly.GetExecutingAssembly().Location, .. arguments]);

    private static Task<Peer> StartRelayAsync(string program, Uri upstream, string folder)
    {
        var address = new Uri("http://127.0.0.1:9404");
        return Peer.StartAsync(
            "relay",
            address,
            folder,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["OPENAI_BASE_URL"] = new Uri(upstream, "/v1").AbsoluteUri,
                ["OPENAI_API_KEY"] = "key-of-the-upstream",
                ["RELAY_ADMIN_KEY"] = AdminKey,
                ["Relay__DataDirectory"] = Path.Combine(folder, "data"),
            },
            "dotnet",
            Path.GetFullPath(program),
            "--urls",
            address.AbsoluteUri);
    }

    private async Task MeasureAsync(int rounds)
    {
        foreach (var peer in peers)
        {
            // The compiler's work on what runs often is over after this.
            Add(Names.Start, peer, peer.Start.TotalMilliseconds);
            using var client = new LoadClient(peer);
            await client.CallAsync(32, TimeSpan.FromSeconds(10));
            await client.StreamAsync(20, 100, 10);
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var phase in new Func<Peer, LoadClient, Task>[] { ClosedAsync, OpenAsync, AloneAsync, ChunksAsync, HoldAsync })
            {
                foreach (var peer in peers)
                {
                    using var client = new LoadClient(peer);
                    await phase(peer, client);
                }
            }
        }
    }

    private async Task ClosedAsync(Peer peer, LoadClient client)
    {
        var cpu = peer.Cpu;
        var times = await client.CallAsync(64, duration);
        Add(Names.CpuClosed, peer, (peer.Cpu - cpu).TotalMicroseconds / times.Count);
        Add(Names.CallsClosed, peer, times.Count / duration.TotalSeconds);
    }

    private async Task OpenAsync(Peer peer, LoadClient client)
    {
        var cpu = peer.Cpu;
        var times = await client.CallAtRateAsync(1_000, duration);
        Add(Names.CpuOpen, peer, (peer.Cpu - cpu).TotalMicroseconds / times.Count);
        Add(Names.P50Open, peer, Percentile(times, 50));
    }

    private async Task AloneAsync(Peer peer, LoadClient client) =>
        Add(Names.P50Alone, peer, Percentile(await client.CallAsync(1, duration), 50));

    private async Task ChunksAsync(Peer peer, LoadClient client)
    {
        var cpu = peer.Cpu;
        var times = await client.StreamAsync(Streams, (int)(duration.TotalMilliseconds / StreamPauseMs), StreamPauseMs);
        Add(Names.CpuChunk, peer, (peer.Cpu - cpu).TotalMicroseconds / times.Delays.Count);
        var delays = times.Delays.Order().ToList();
        Add(Names.DelayP50, peer, Percentile(delays, 50));
        Add(Names.DelayP99, peer, Percentile(delays, 99));

        // Alone, so that it is the call's own and not that of a hundred at once.
        var first = new List<TimeSpan>();
        for (var i = 0; i < 50; i++)
        {
            first.AddRange((await client.StreamAsync(1, 1, StreamPauseMs)).FirstBytes);
        }

        Add(Names.FirstByte, peer, Percentile([.. first.Order()], 50));
    }

    private async Task HoldAsync(Peer peer, LoadClient client)
    {
        var before = peer.Memory;
        await client.StreamAsync(HeldStreams, 10, 500, () =>
        {
            Add(Names.Memory, peer, (peer.Memory - before) / 1024.0 / HeldStreams);
            return Task.CompletedTask;
        });
    }

    private void Add(string row, Peer peer, double value)
    {
        if (!_found.TryGetValue((row, peer.Name), out var values))
        {
            _found[(row, peer.Name)] = values = [];
        }

        values.Add(value);
    }

    private double Median(string row, string peer) => _found[(row, peer)].Order().ElementAt(_found[(row, peer)].Count / 2);

    private void Write()
    {
        Console.WriteLine($"| figure | {string.Join(" | ", peers.Select(static peer => peer.Name))} | relay : yarp |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", peers.Count + 1))}");
        foreach (var row in Rows)
        {
            var cells = peers.Select(peer => Number(Median(row, peer.Name)));
            Console.WriteLine($"| {row} | {string.Join(" | ", cells)} | {Number(Median(row, "relay") / Median(row, "yarp"))} |");
        }
    }

    private static string Number(double value) => value.ToString(value >= 100 ? "F0" : "F2", CultureInfo.InvariantCulture);

    /// <summary>In milliseconds; of times in their order.</summary>
    private static double Percentile(List<TimeSpan> times, int percent) => times[times.Count * percent / 100].TotalMilliseconds;

    private static class Names
    {
        public const string CpuClosed = "µs of CPU a call, 64 callers";
        public const string CallsClosed = "calls/s, 64 callers";
        public const string CpuOpen = "µs of CPU a call, 1,000/s";
        public const string P50Open = "p50 of a call, 1,000/s (ms)";
        public const string P50Alone = "p50 of a call, one caller (ms)";
        public const string CpuChunk = "µs of CPU an event, 5,000/s";
        public const string DelayP50 = "p50 from upstream to client, an event (ms)";
        public const string DelayP99 = "p99 of the same (ms)";
        public const string FirstByte = "p50 to the first event (ms)";
        public const string Memory = "KB an open stream, 2,000 open";
        public const string Start = "start to the first answer (ms)";
    }
}
