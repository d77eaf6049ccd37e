using System.Diagnostics;
using Npgsql;

namespace Relay.Silo.Tests.Storage;

/// <summary>
/// A PostgreSQL server for one test run: the one that <c>RELAY_TEST_POSTGRES</c> names (a connection string of a user who may create
/// databases), else a private one, started from Debian's binaries in a temporary folder and reachable by a socket in it only.
/// </summary>
public sealed class PostgreSqlServer : IAsyncLifetime
{
    private const string Variable = "RELAY_TEST_POSTGRES";
    private const string Account = "postgres";

    private string? _folder;
    private string? _binaries;

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>A user who may create databases.</summary>
    public string AdminConnectionString { get; private set; } = "";

    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
        {
            AdminConnectionString = configured;
            return;
        }

        _binaries = FindBinaries();
        if (_binaries is null)
        {
            Missing = $"There is no PostgreSQL: set {Variable} to a connection string, or install the package postgresql.";
            Assert.False(string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase), Missing);
            return;
        }

        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_folder is not null)
        {
            NpgsqlConnection.ClearAllPools();
            await RunAsync("pg_ctl", "-D", Path.Combine(_folder, "data"), "-m", "immediate", "-w", "stop");
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Makes an empty database and answers how to connect to it.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"relay_test_{Guid.NewGuid():N}";

        // An order of text unlike the one that Relay needs, so that a column which forgets to say its own is found out.
        var locale = _folder is null ? "" : " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'";
        await ExecuteAsync($"CREATE DATABASE {name}{locale}");
        return new NpgsqlConnectionStringBuilder(AdminConnectionString) { Database = name }.ConnectionString;
    }

    /// <summary>Deletes a database, whoever is connected to it.</summary>
    public Task DropDatabaseAsync(string connectionString) =>
        ExecuteAsync($"DROP DATABASE {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)");

    private static string? FindBinaries() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .Select(version => Path.Combine(version, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "initdb")))
            .OrderByDescending(folder => folder, StringComparer.Ordinal)
            .FirstOrDefault()
        : null;

    private async Task StartAsync()
    {
        _folder = Directory.CreateTempSubdirectory("relay-postgres-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            await RunProgramAsync("chown", Account, _folder);
        }

        await RunAsync("initdb", "-D", Path.Combine(_folder, "data"), "-U", Account, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        await RunAsync(
            "pg_ctl", "-D", Path.Combine(_folder, "data"), "-l", Path.Combine(_folder, "log"), "-w", "-o",
            $"-k {_folder} -c listen_addresses= -c fsync=off -c max_connections=200", "start");
        AdminConnectionString = $"Host={_folder};Username={Account};Database=postgres";
    }

    private Task RunAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries!, program);
        return Environment.IsPrivilegedProcess
            ? RunProgramAsync("runuser", ["-u", Account, "--", path, .. arguments])
            : RunProgramAsync(path, arguments);
    }

    private async Task RunProgramAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed: {await output} {error}");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(AdminConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
