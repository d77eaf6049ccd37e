using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Relay.Testing;

/// <summary>
/// A PostgreSQL server of one test's own, which it may kill, stop and start again: from Debian's binaries, in a temporary folder,
/// reachable by a socket in it only, with its syncs on.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    /// <summary>A role that must give its password, once a test has made it.</summary>
    public const string GuardedAccount = "guarded";

    private const string Account = "postgres";

    private readonly string _binaries;
    private readonly string _folder = Directory.CreateTempSubdirectory("relay-faults-").FullName;

    private PrivatePostgres(string binaries) => _binaries = binaries;

    /// <summary>How to reach its database.</summary>
    public string ConnectionString => $"Host={_folder};Username={Account};Database={Account}";

    /// <summary>Where it listens.</summary>
    public EndPoint Socket => new UnixDomainSocketEndPoint(Path.Combine(_folder, ".s.PGSQL.5432"));

    private string Data => Path.Combine(_folder, "data");

    /// <summary>How to reach its database by something that forwards from that port of this machine.</summary>
    public static string ConnectionStringBy(int port) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Username={Account};Database={Account}");

    /// <summary>Makes and starts one. Null when the machine has no PostgreSQL.</summary>
    public static async Task<PrivatePostgres?> StartNewAsync()
    {
        var binaries = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Select(static version => Path.Combine(version, "bin"))
                .Where(static folder => File.Exists(Path.Combine(folder, "initdb")))
                .Max(StringComparer.Ordinal)
            : null;
        if (binaries is null)
        {
            return null;
        }

        var server = new PrivatePostgres(binaries);
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            await server.RunAsync("chown", Account, server._folder);
        }

        await server.RunOwnAsync("initdb", "-D", server.Data, "-U", Account, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");

        // The first line that fits is the one that counts.
        var access = Path.Combine(server.Data, "pg_hba.conf");
        await File.WriteAllTextAsync(access, $"local all {GuardedAccount} scram-sha-256\n{await File.ReadAllTextAsync(access)}");
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it, and waits until it takes connections.</summary>
    public Task StartAsync() => RunOwnAsync(
        "pg_ctl", "-D", Data, "-l", Path.Combine(_folder, "log"), "-w", "-t", "60", "-o", $"-k {_folder} -c listen_addresses= -c max_connections=200", "start");

    /// <summary>Stops it in order; connections end at once.</summary>
    public Task StopAsync() => RunOwnAsync("pg_ctl", "-D", Data, "-m", "fast", "-w", "stop");

    /// <summary>Kills all its processes (SIGKILL), and waits until they are gone.</summary>
    public async Task KillAsync()
    {
        var processes = await FreezeAllAsync();
        await SignalAsync("KILL", processes);
        foreach (var id in processes)
        {
            try
            {
                using var process = Process.GetProcessById(id);
                await process.WaitForExitAsync();
            }
            catch (ArgumentException)
            {
                // It is gone.
            }
        }
    }

    /// <summary>Freezes all its processes (SIGSTOP): connections stay and nothing answers.</summary>
    public Task FreezeAsync() => FreezeAllAsync();

    /// <summary>Lets them go on (SIGCONT).</summary>
    public Task ThawAsync() => SignalAsync("CONT", FindProcesses());

    /// <summary>Ends it and deletes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await KillAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// Freezes all processes and answers them, the server last. It is frozen first: then it starts no child and forgets none, so that
    /// a signal to any of them arrives until the server itself goes on.
    /// </summary>
    private async Task<List<int>> FreezeAllAsync()
    {
        await SignalAsync("STOP", [FindServer()]);
        var processes = FindProcesses();
        await SignalAsync("STOP", processes);
        return processes;
    }

    private List<int> FindProcesses()
    {
        var server = FindServer();
        var children = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{server}/task/{server}/children"));
        return
        [
            .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(static id => int.Parse(id, CultureInfo.InvariantCulture)),
            server,
        ];
    }

    private int FindServer() => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private Task SignalAsync(string signal, List<int> processes) =>
        RunAsync("kill", [$"-{signal}", .. processes.Select(static id => id.ToString(CultureInfo.InvariantCulture))]);

    private Task RunOwnAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        return Environment.IsPrivilegedProcess ? RunAsync("runuser", ["-u", Account, "--", path, .. arguments]) : RunAsync(path, arguments);
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        // A server that is started inherits the streams, so that they must not be waited for.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1", "run", program, .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = _folder,
        };
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
