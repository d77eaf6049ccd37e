using LinqToDB.Data;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>A database on a server, as one or more silos open it.</summary>
internal sealed class ServerTestDatabase
{
    private readonly List<ServerDatabase> _opened = [];
    private ServerDatabase? _one;
    private ServerDatabase? _other;

    public ServerTestDatabase(DatabaseProvider provider, string connectionString)
    {
        Dialect = ServerDialects.Find(provider)!;
        ConnectionString = connectionString;
    }

    public IServerDialect Dialect { get; }

    public string ConnectionString { get; }

    /// <summary>The database as a silo has it, migrated.</summary>
    public ServerDatabase One => _one ??= CreateMigrated();

    /// <summary>The same database as another silo has it.</summary>
    public ServerDatabase Other => _other ??= CreateMigrated();

    /// <summary>One more silo's, not yet opened. The name sets its connections apart from those of the others.</summary>
    public ServerDatabase Create(string name = "relay") => CreateOf($"{name}-{_opened.Count}", lane: null);

    /// <summary>A silo's database and a lane of it, not yet opened.</summary>
    public (ServerDatabase Database, ServerDatabase Lane) CreateWithLane()
    {
        var name = $"relay-{_opened.Count}";
        return (CreateOf(name, lane: null), CreateOf(name, "lease"));
    }

    /// <summary>Deletes every row but those that a migration has written.</summary>
    public async Task EmptyAsync()
    {
        foreach (var table in await TablesAsync(One))
        {
            if (table.ToLowerInvariant() is not ("schema_versions" or "orleansquery" or "account_versions"))
            {
                await ExecuteAsync(One, $"DELETE FROM {table}");
            }
        }
    }

    /// <summary>Deletes every table.</summary>
    public async Task DropTablesAsync()
    {
        var database = Create();
        foreach (var table in await TablesAsync(database))
        {
            await ExecuteAsync(database, $"DROP TABLE {table}");
        }
    }

    /// <summary>Every column of every table, with all that the database says of it, to compare two schemas.</summary>
    public Task<List<string>> ColumnsAsync() => QueryAsync<string>(
        One,
        "SELECT CONCAT(table_name, '.', column_name, ' ', data_type, ' ', character_maximum_length, ' ', is_nullable, ' ', collation_name) "
        + "FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'sys') ORDER BY 1");

    public static Task<List<string>> TablesAsync(ServerDatabase database) => QueryAsync<string>(
        database,
        "SELECT table_name FROM information_schema.tables "
        + "WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'sys') AND table_type = 'BASE TABLE' ORDER BY table_name");

    public static Task<List<T>> QueryAsync<T>(ServerDatabase database, string sql) =>
        database.ReadAsync((connection, token) => connection.QueryToListAsync<T>(sql, token), default);

    public static Task ExecuteAsync(ServerDatabase database, string sql) =>
        database.WriteAsync((connection, token) => connection.ExecuteAsync(sql, token), default);

    /// <summary>Closes what was opened.</summary>
    public void Close() => _opened.ForEach(database => database.Dispose());

    private ServerDatabase CreateOf(string name, string? lane)
    {
        var database = new ServerDatabase(
            Dialect, $"{ConnectionString};Application Name={name}", TimeProvider.System, NullLogger<ServerDatabase>.Instance, lane);
        _opened.Add(database);
        return database;
    }

    private ServerDatabase CreateMigrated()
    {
        var database = Create();
        database.Open();
        return database;
    }
}
