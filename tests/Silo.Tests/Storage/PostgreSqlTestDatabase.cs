using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>A database of PostgreSQL for one test class.</summary>
public sealed class PostgreSqlTestDatabase(PostgreSqlServer server) : IAsyncLifetime
{
    private ServerTestDatabase? _database;

    /// <summary>The database; skips the test when there is no server.</summary>
    internal ServerTestDatabase Database
    {
        get
        {
            Skip.If(server.Missing is not null, server.Missing);
            return _database!;
        }
    }

    public async Task InitializeAsync()
    {
        if (server.Missing is null)
        {
            _database = new ServerTestDatabase(DatabaseProvider.PostgreSql, await server.CreateDatabaseAsync());
        }
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            _database.Close();
            await server.DropDatabaseAsync(_database.ConnectionString);
        }
    }
}
