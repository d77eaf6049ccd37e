using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Microsoft.Data.Sqlite;
using Relay.Testing;

namespace Relay.Benchmarks.Load;

/// <summary>
/// What Relay does with more than it can take: thousands of clients that do not read, an upstream that does not answer, a database that takes no
/// commit, and more callers than may run. Each on a process of its own; beside it, one caller goes on calling, whose answers say how the others fare.
/// </summary>
internal sealed class OverloadRun(string program, int clients, string folder)
{
    private const string AdminKey = "admin-key-of-the-overload-run-0123456789";

    private static readonly Uri Upstream = new("http://127.0.0.1:9410");
    private static readonly Uri Address = new("http://127.0.0.1:9411");

    private int _started;

    /// <summary>Measures all, and prints a line for each.</summary>
    public static async Task RunAsync(string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("relay-overload-").FullName;
        try
        {
            using var upstream = await Peer.StartAsync(
                "upstream", Upstream, folder, new Dictionary<string, string>(StringComparer.Ordinal), "dotnet", Assembly.GetExecutingAssembly().Location, "upstream", Upstream.AbsoluteUri);
            var run = new OverloadRun(
                LoadRun.Option(options, "--relay") ?? RelayProcess.ProgramPath,
                int.Parse(LoadRun.Option(options, "--clients") ?? "10000", CultureInfo.InvariantCulture),
                folder);
            Console.WriteLine("| what | memory before (MB) | at its height | afterwards | other calls: answered, refused, p50 (ms) |");
            Console.WriteLine("|---|---|---|---|---|");
            await run.HoldAsync("clients that read nothing of 1 MB", """{"model":"mock-body-1024","messages":[]}""");
            await run.HoldAsync("calls that the upstream does not answer", """{"model":"mock-1-600000","stream":true,"messages":[]}""");
            await run.SlowDatabaseAsync();
            await run.TooManyCallersAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Calls of which nothing is read for a while; then all of them hang up.</summary>
    private async Task HoldAsync(string what, string body)
    {
        using var relay = await StartAsync();
        var sockets = new List<Socket>();
        await MeasureAsync(
            $"{clients} {what}",
            relay,
            async () => sockets = await OpenAsync(relay, body),
            () =>
            {
                sockets.ForEach(static socket => socket.Dispose());
                return Task.CompletedTask;
            });
    }

    /// <summary>Another program has the database's only write lock for 20 s.</summary>
    private async Task SlowDatabaseAsync()
    {
        using var relay = await StartAsync();
        await using var other = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "data-" + _started, "relay.db"), Pooling = false }.ConnectionString);
        await other.OpenAsync();
        await MeasureAsync(
            "a database that takes no commit for 20 s, 64 callers",
            relay,
            async () =>
            {
                await ExecuteAsync(other, "BEGIN IMMEDIATE");
                using var client = new LoadClient(relay);
                await client.TryCallAsync(64, TimeSpan.FromSeconds(20));
            },
            () => ExecuteAsync(other, "ROLLBACK"));
    }

    /// <summary>Sixteen times as many callers as may call at once.</summary>
    private async Task TooManyCallersAsync()
    {
        using var relay = await StartAsync(("Relay__Overload__Calls", "64"));
        foreach (var callers in new[] { 64, 1024 })
        {
            var results = default(CallResults);
            await MeasureAsync(
                $"64 calls at once allowed, {callers} callers",
                relay,
                async () =>
                {
                    using var client = new LoadClient(relay);
                    results = await client.TryCallAsync(callers, TimeSpan.FromSeconds(10));
                },
                static () => Task.CompletedTask);
            Console.WriteLine($"| …of these callers | | | | {results} |");
        }
    }

    private async Task<Peer> StartAsync(params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OPENAI_BASE_URL"] = new Uri(Upstream, "/v1").AbsoluteUri,
            ["OPENAI_API_KEY"] = "key-of-the-upstream",
            ["RELAY_ADMIN_KEY"] = AdminKey,
            ["Relay__DataDirectory"] = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"data-{++_started}")),
        };
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        var relay = await Peer.StartAsync("relay", Address, folder, environment, "dotnet", Path.GetFullPath(program), "--urls", Address.AbsoluteUri);
        await relay.MakeKeyAsync(AdminKey);
        using var client = new LoadClient(relay);
        await client.TryCallAsync(16, TimeSpan.FromSeconds(5));
        return relay;
    }

    private static async Task MeasureAsync(string what, Peer relay, Func<Task> press, Func<Task> release)
    {
        var before = relay.Memory;
        using var client = new LoadClient(relay);
        using var end = new CancellationTokenSource();
        var height = before;
        var watching = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                height = Math.Max(height, relay.Memory);
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
            }
        }, CancellationToken.None);
        var others = client.TryCallUntilAsync(1, end.Token);
        await press();
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
        await release();
        await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System, CancellationToken.None);
        await end.CancelAsync();
        await watching;
        var results = await others;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {what} | {before >> 20} | {height >> 20} | {relay.Memory >> 20} | {results} |"));
    }

    /// <summary>Sends a call on each of many connections, and reads nothing.</summary>
    private async Task<List<Socket>> OpenAsync(Peer relay, string body)
    {
        var request = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {relay.Key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        var sockets = new List<Socket>();
        for (var i = 0; i < clients; i++)
        {
            // From several addresses of this machine: one has ports for some twenty thousand connections.
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, 1, (byte)(1 + (i % 100))]), 0));
            await socket.ConnectAsync(Address.Host, Address.Port);
            await socket.SendAsync(request);
            sockets.Add(socket);
        }

        return sockets;
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string statement)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // One of two statements of this class.
        command.CommandText = statement;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
