using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>
/// The database of SQL Server, or of whatever speaks its protocol, that <c>RELAY_TEST_SQLSERVER</c> names. It is for these tests
/// alone: they delete every table in it.
/// </summary>
public sealed class SqlServerTestDatabase : IDisposable
{
    private const string Variable = "RELAY_TEST_SQLSERVER";

    private readonly ServerTestDatabase? _database =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } connectionString
            ? new ServerTestDatabase(DatabaseProvider.SqlServer, connectionString)
            : null;

    /// <summary>The database; skips the test when there is none.</summary>
    internal ServerTestDatabase Database
    {
        get
        {
            Skip.If(_database is null, $"There is no SQL Server: set {Variable} to the connection string of a database for tests.");
            return _database;
        }
    }

    public void Dispose() => _database?.Close();
}
