using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using DbUp;
using DbUp.Builder;
using LinqToDB;
using LinqToDB.Data;
using LinqToDB.DataProvider.PostgreSQL;
using Npgsql;

namespace Relay.Silo.Storage;

/// <summary>PostgreSQL, through Npgsql.</summary>
internal sealed class PostgreSqlDialect : IServerDialect
{
    // Few statements, used all the time; and a small pool, because every silo and frontend of a cluster has its own.
    private const string Defaults = "Application Name=relay;Max Auto Prepare=40;Maximum Pool Size=30;";

    // In ms. A silo that stops inside a transaction, with its connection open, must not hold up the others for longer than they wait for a lock: by
    // then it has lost its lease too, and so its keys.
    private const string TimeOuts =
        "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=4000 -c statement_timeout=30000";

    // Of no meaning but to be the same in every Relay.
    private const long SchemaLock = 0x52656C6179;

    public string ScriptFolder => "PostgreSql";

    public string OrleansInvariant => "Npgsql";

    public string ConnectionStringExample => "Host=db;Database=relay;Username=relay;Password=…";

    public Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class =>
        PostgreSqlInsert.RunAsync(connection, rows, cancellationToken);

    public string? FindFault(string connectionString)
    {
        try
        {
            return string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(connectionString).Host) ? "names no Host" : null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException)
        {
            // The driver's message may repeat a part of the password.
            return "cannot be read";
        }
    }

    public string Complete(string connectionString, string? lane = null)
    {
        // Of a name that is there twice, the later counts. So it is with the options.
        var builder = new NpgsqlConnectionStringBuilder(Defaults + connectionString);
        builder.Options = $"{TimeOuts} {builder.Options}".TrimEnd();
        if (lane is not null)
        {
            builder.ApplicationName += "-" + lane;
            builder.MaxPoolSize = IServerDialect.LanePoolSize;
        }

        return builder.ConnectionString;
    }

    public string NameOf(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{builder.Database ?? builder.Username} on {builder.Host}:{builder.Port}";
    }

    // Every name is quoted: linq2db's list of reserved words leaves some out, such as window.
    public DataOptions Options(string completeConnectionString) =>
        new DataOptions().UsePostgreSQL(
            completeConnectionString,
            PostgreSQLVersion.v95,
            options => options with { IdentifierQuoteMode = PostgreSQLIdentifierQuoteMode.Quote });

    public void ClearPool(string completeConnectionString)
    {
        using var connection = new NpgsqlConnection(completeConnectionString);
        NpgsqlConnection.ClearPool(connection);
    }

    public DbConnection Connect(string connectionString) => new NpgsqlConnection(Unpooled(connectionString));

    public DbConnection LockSchema(string connectionString)
    {
        var connection = Connect(connectionString);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT pg_advisory_lock(@lock)";
            command.Parameters.Add(new NpgsqlParameter("lock", SchemaLock));
            command.CommandTimeout = SchemaMigrator.LockTimeoutSeconds;
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public RowVersions KeepRowVersions(DbConnection lockedConnection) => new(IsolationLevel.RepeatableRead, null);

    // The schema is named, because DbUp would otherwise take another program's journal, in another schema, for its own.
    public UpgradeEngineBuilder Upgrade(string connectionString, DbConnection lockedConnection)
    {
        using var command = lockedConnection.CreateCommand();
        command.CommandText = "SELECT current_schema()";
        return DeployChanges.To.PostgresqlDatabase(Unpooled(connectionString))
            .JournalToPostgresqlTable(command.ExecuteScalar() as string, SchemaMigrator.JournalTable);
    }

    // The driver calls a name that cannot be resolved transient too, and so it is where containers start together.
    public bool IsOutage(Exception exception) =>
        exception is SocketException or TimeoutException or NpgsqlException { IsTransient: true };

    public bool IsUniqueViolation(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    public bool IsLockTimeout(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };

    public bool IsDeadlock(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    // Without the time-outs: a migration may take long.
    private static string Unpooled(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
}
