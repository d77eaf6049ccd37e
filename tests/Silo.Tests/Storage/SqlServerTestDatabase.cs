using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>The database of SQL Server for one test class.</summary>
public sealed class SqlServerTestDatabase(SqlServerServer server) : IDisposable
{
    private readonly ServerTestDatabase? _database =
        server.ConnectionString is { } connectionString ? new ServerTestDatabase(DatabaseProvider.SqlServer, connectionString) : null;

    /// <summary>The database; skips the test when there is none.</summary>
    internal ServerTestDatabase Database
    {
        get
        {
            Skip.If(_database is null, server.Missing);
            return _database;
        }
    }

    public void Dispose() => _database?.Close();
}
