using System.Globalization;
using Npgsql;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>
/// Silos and frontends as processes, on a PostgreSQL of their own. Each of them has a loopback address for itself, so that all have the
/// same ports and no two clusters meet.
/// </summary>
internal sealed class RelayCluster : IAsyncDisposable
{
    public const string AdminKey = "admin-key-that-only-this-test-knows";

    private static int _clusters = Random.Shared.Next(1, 60_000);

    private readonly WorkingDirectory _directory = new();
    private readonly Uri _upstream;
    private readonly IReadOnlyList<(string Name, string Value)> _siloSettings;
    private readonly int _id = Interlocked.Increment(ref _clusters) % 60_000;

    private RelayCluster(PrivatePostgres postgres, Uri upstream, IReadOnlyList<(string Name, string Value)> siloSettings)
    {
        Postgres = postgres;
        _siloSettings = siloSettings;
        _upstream = upstream;
    }

    /// <summary>The database.</summary>
    public PrivatePostgres Postgres { get; }

    /// <summary>The silos that were started, by number; a killed one stays until it is started again.</summary>
    public SortedDictionary<int, RelayProcess> Silos { get; } = [];

    /// <summary>The frontends that were started, by number.</summary>
    public SortedDictionary<int, RelayProcess> Frontends { get; } = [];

    /// <summary>Starts a cluster before an upstream; each of its silos has these variables too.</summary>
    public static Task<RelayCluster> StartAsync(Uri upstream, int silos, int frontends, params (string Name, string Value)[] siloSettings) =>
        StartAsync(upstream, silos, frontends, delaySeconds: 3, siloSettings);

    /// <summary>The same, whose frontends still take calls for that long once they stop.</summary>
    public static async Task<RelayCluster> StartAsync(
        Uri upstream, int silos, int frontends, int delaySeconds, params (string Name, string Value)[] siloSettings)
    {
        var postgres = await PrivatePostgres.StartNewAsync();
        Skip.If(postgres is null, "There is no PostgreSQL: install the package postgresql.");
        var cluster = new RelayCluster(postgres, upstream, siloSettings) { DelaySeconds = delaySeconds };
        try
        {
            await Task.WhenAll(Enumerable.Range(0, silos).Select(silo => cluster.StartSiloAsync(silo)));
            await Task.WhenAll(Enumerable.Range(0, frontends).Select(frontend => cluster.StartFrontendAsync(frontend)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address at which the others reach that silo.</summary>
    public string AddressOf(int silo) => string.Create(CultureInfo.InvariantCulture, $"127.{1 + (_id / 250)}.{_id % 250}.{silo + 1}");

    /// <summary>The address and the port of that frontend, the same after a restart.</summary>
    public string FrontendAddressOf(int frontend) => $"{AddressOf(frontend + 200)}:8080";

    /// <summary>The address and the port of what may stand before the frontends.</summary>
    public string EntranceAddress => $"{AddressOf(240)}:8080";

    /// <summary>Starts the silo of that number, again if it was there.</summary>
    /// <param name="silo">Its number.</param>
    /// <param name="listenAddress">Where it listens; null for where the others reach it.</param>
    /// <param name="connectionString">How it reaches the database; null for directly.</param>
    public async Task StartSiloAsync(int silo, string? listenAddress = null, string? connectionString = null)
    {
        var environment = Environment(connectionString);
        environment["Relay__Cluster__Address"] = AddressOf(silo);
        foreach (var (name, value) in _siloSettings)
        {
            environment[name] = value;
        }

        if (listenAddress is not null)
        {
            environment["Relay__Cluster__ListenAddress"] = listenAddress;
        }

        var process = await RelayProcess.StartSiloAsync(FolderOf($"silo-{silo}"), environment);
        lock (Silos)
        {
            Silos[silo] = process;
        }
    }

    /// <summary>Whether the others have taken the latest life of that silo for dead, as the membership table has it.</summary>
    public async Task<bool> IsDeclaredDeadAsync(int silo)
    {
        await using var database = new NpgsqlConnection(Postgres.ConnectionString);
        await database.OpenAsync();
        await using var latest = new NpgsqlCommand(
            "SELECT status FROM membership WHERE address = @address ORDER BY generation DESC LIMIT 1", database);
        latest.Parameters.AddWithValue("address", AddressOf(silo));
        return (SiloStatus)(int)(await latest.ExecuteScalarAsync())! == SiloStatus.Dead;
    }

    /// <summary>For how long a frontend that is told to stop takes calls: longer than what stands before it takes to notice.</summary>
    public required int DelaySeconds { get; init; }

    /// <summary>Starts the frontend of that number, again if it was there; what it had in its outbox it still has.</summary>
    public async Task StartFrontendAsync(int frontend)
    {
        var environment = Environment(connectionString: null);
        environment["Relay__Role"] = "Frontend";

        // Longer than the default, for machines that are slow: what is tested is that calls wait, not how long.
        environment["Relay__Admission__ReserveSeconds"] = "60";
        environment["Relay__Shutdown__DelaySeconds"] = DelaySeconds.ToString(CultureInfo.InvariantCulture);
        environment["RELAY_ADMIN_KEY"] = AdminKey;
        environment["OPENAI_BASE_URL"] = _upstream.ToString();
        environment["OPENAI_API_KEY"] = "sk-upstream-that-only-relay-knows";
        var process = RelayProcess.Launch(FolderOf($"frontend-{frontend}"), environment, "--urls", $"http://{FrontendAddressOf(frontend)}");
        _ = await process.ListeningAsync();
        lock (Frontends)
        {
            Frontends[frontend] = process;
        }
    }

    /// <summary>A client of that frontend's admin API.</summary>
    public Task<HttpClient> AdminAsync(int frontend) => Frontends[frontend].ClientAsync(AdminKey);

    /// <summary>The addresses of all frontends.</summary>
    public Task<Uri[]> AddressesAsync() => Task.WhenAll(Frontends.Values.Select(frontend => frontend.ListeningAsync()));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Frontends.Values.Concat(Silos.Values))
        {
            await process.DisposeAsync();
        }

        await Postgres.DisposeAsync();
        _directory.Delete();
    }

    private string FolderOf(string name) => Directory.CreateDirectory(Path.Combine(_directory.FullPath, name)).FullName;

    private Dictionary<string, string> Environment(string? connectionString)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Relay__Database__Provider"] = "PostgreSql",
            ["ConnectionStrings__Relay"] = connectionString ?? Postgres.ConnectionString,
            ["Relay__Cluster__ClusterId"] = string.Create(CultureInfo.InvariantCulture, $"test-{_id}"),
        };

        // So that fail-over can be measured with other settings.
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            if (((string)variable.Key).StartsWith("Relay__Cluster__", StringComparison.Ordinal))
            {
                environment[(string)variable.Key] = (string)variable.Value!;
            }
        }

        return environment;
    }
}
