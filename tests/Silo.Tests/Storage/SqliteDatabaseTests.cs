using DbUp.Engine;
using LinqToDB.Data;
using Microsoft.Data.Sqlite;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly DataDirectory _directory;
    private readonly SqliteDatabase _database;

    public SqliteDatabaseTests()
    {
        _directory = DataDirectory.Open(_folder.FullPath);
        _database = new SqliteDatabase(_directory);
    }

    private string File => _folder["relay.db"];

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Open_EmptyFolder_MakesEveryTable()
    {
        _database.Open();

        Assert.Equal(
            ["account_versions", "accounts", "allotment_windows", "allotments", "api_keys", "grain_state", "key_owners", "limits", "lost_claims", "schema_versions", "silo_leases", "usage_carried", "usage_entries", "usage_hourly", "usage_positions"],
            await QueryAsync<string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"));
    }

    [Fact]
    public async Task Open_Again_RunsNoScript()
    {
        _database.Open();
        var before = await QueryAsync<string>("SELECT ScriptName || Applied FROM schema_versions ORDER BY 1");

        _database.Open();

        Assert.Equal(SchemaMigrator.EmbeddedScripts("Sqlite").Count, before.Count);
        Assert.Equal(before, await QueryAsync<string>("SELECT ScriptName || Applied FROM schema_versions ORDER BY 1"));
    }

    [Fact]
    public async Task Open_EveryConnection_SyncsEachCommitToItsLog()
    {
        _database.Open();

        const long Full = 2;
        Assert.Equal(["wal"], await QueryAsync<string>("PRAGMA journal_mode"));
        Assert.Equal([Full], await QueryAsync<long>("PRAGMA synchronous"));
        Assert.Equal([5000L], await QueryAsync<long>("PRAGMA busy_timeout"));
    }

    [Fact]
    public async Task Open_NewFile_IsForItsOwnerOnlyAsAreItsSideFiles()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        _database.Open();
        await _database.WriteAsync((connection, token) => connection.ExecuteAsync("CREATE TABLE t (x TEXT)", token), default);

        var files = Directory.GetFiles(_folder.FullPath, "relay.db*");
        Assert.Equal(["relay.db", "relay.db-shm", "relay.db-wal"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var file in files)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public void Open_FileThatIsNoDatabase_NamesTheFile()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));

        var exception = Assert.Throws<MigrationException>(_database.Open);

        Assert.Contains(File, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_EverySchemaOfAnEarlierVersion_BecomesTheSameAsANewOneAndKeepsItsRows()
    {
        const string Schema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
        _database.Open();
        var expected = await QueryAsync<string>(Schema);
        var scripts = SchemaMigrator.EmbeddedScripts("Sqlite");
        for (var ran = 1; ran < scripts.Count; ran++)
        {
            using var directory = DataDirectory.Open(_folder[$"earlier-{ran}"]);
            var file = Path.Combine(directory.FullPath, "relay.db");
            SqliteMigrator.Migrate($"Data Source={file};Pooling=False", file, scripts.Take(ran));
            using var database = new SqliteDatabase(directory);
            await database.WriteAsync(
                async (connection, token) =>
                {
                    await connection.ExecuteAsync("INSERT INTO limits (owner_level, owner_id, ordinal, metric, \"window\", amount, model) VALUES ('key', 'k', 0, 'tokens', 'day', 5, NULL)", token);
                    foreach (var createdAt in new[] { 8, 7 })
                    {
                        await connection.ExecuteAsync(
                            $"INSERT INTO api_keys (id, name, user_id, hash, hint, models, created_at) VALUES ('k{createdAt}', 'k', 'ann', '', '', '[]', {createdAt})", token);
                    }
                },
                default);

            database.Open();

            Assert.Equal(expected, await database.ReadAsync((connection, token) => connection.QueryToListAsync<string>(Schema, token), default));
            Assert.Equal(
                [5L],
                await database.ReadAsync((connection, token) => connection.QueryToListAsync<long>("SELECT amount FROM limits", token), default));
            Assert.Equal(
                scripts.Take(ran).Any(script => script.Name.Contains("0012", StringComparison.Ordinal)) ? [] : ["user ann 7"],
                await database.ReadAsync((connection, token) => connection.QueryToListAsync<string>("SELECT level || ' ' || id || ' ' || created_at FROM accounts", token), default));
        }
    }

    [Fact]
    public async Task Open_DatabaseOfANewerVersion_NamesTheScriptThatItDoesNotKnow()
    {
        _database.Open();
        await _database.WriteAsync(
            (connection, token) => connection.ExecuteAsync(
                "INSERT INTO schema_versions (ScriptName, Applied) VALUES ('9999-later.sql', '2030-01-01')", token),
            default);

        var exception = Assert.Throws<MigrationException>(_database.Open);

        Assert.Contains("9999-later.sql", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_ScriptThatFails_NamesItAndLeavesNothingOfIt()
    {
        _database.Open();
        var half = new SqlScript("0009-half.sql", "CREATE TABLE half (x TEXT); INSERT INTO no_such_table VALUES (1);");

        var exception = Assert.Throws<MigrationException>(
            () => SqliteMigrator.Migrate($"Data Source={_folder["other.db"]};Pooling=False", "other.db", [half]));

        Assert.Contains("0009-half.sql", exception.Message, StringComparison.Ordinal);
        await using var connection = new SqliteConnection($"Data Source={_folder["other.db"]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'half'";
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task WriteAsync_ThatThrows_CommitsNothing()
    {
        _database.Open();

        await Assert.ThrowsAsync<InvalidOperationException>(() => _database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync("CREATE TABLE t (x TEXT)", token);
                throw new InvalidOperationException();
            },
            default));

        Assert.Equal([0L], await QueryAsync<long>("SELECT COUNT(*) FROM sqlite_master WHERE name = 't'"));
    }

    [Fact]
    public async Task WriteAsync_ManyAtOnce_AllCommit()
    {
        _database.Open();
        await _database.WriteAsync((connection, token) => connection.ExecuteAsync("CREATE TABLE t (x BIGINT)", token), default);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(x => _database.WriteAsync(
            (connection, token) => connection.ExecuteAsync("INSERT INTO t VALUES (@x)", token, new DataParameter("x", x)), default)));

        Assert.Equal([200L], await QueryAsync<long>("SELECT COUNT(DISTINCT x) FROM t"));
    }

    [Fact]
    public async Task Dispose_AfterWrites_LeavesOneFileAndRefusesMore()
    {
        _database.Open();
        await _database.WriteAsync((connection, token) => connection.ExecuteAsync("CREATE TABLE t (x TEXT)", token), default);

        _database.Dispose();

        Assert.Equal([File], Directory.GetFiles(_folder.FullPath, "relay.db*"));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => _database.WriteAsync((connection, token) => connection.ExecuteAsync("SELECT 1", token), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => QueryAsync<long>("SELECT 1"));
    }

    private Task<List<T>> QueryAsync<T>(string sql) =>
        _database.ReadAsync((connection, token) => connection.QueryToListAsync<T>(sql, token), default);
}
