using System.Collections.Frozen;
using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;
using DbUp;
using DbUp.Builder;
using LinqToDB;
using LinqToDB.Data;
using LinqToDB.DataProvider.SqlServer;
using Microsoft.Data.SqlClient;

namespace Relay.Silo.Storage;

/// <summary>SQL Server, through Microsoft.Data.SqlClient.</summary>
internal sealed class SqlServerDialect : IServerDialect
{
    // A small pool, because every silo and frontend of a cluster has its own.
    private const string Defaults = "Application Name=relay;Max Pool Size=30;";

    private static readonly BulkCopyOptions BulkCopy = new(BulkCopyType: BulkCopyType.ProviderSpecific, BulkCopyTimeout: 30);

    // The database is recovering, is not open to logins yet (so is one that does not exist: the server says the same), or the server is
    // being upgraded, paused, shut down or short of means.
    private static readonly FrozenSet<int> StartingErrors =
        [904, 921, 922, 927, 4060, 4064, 6005, 10928, 10929, 17142, 18401, 40197, 40501, 40613];

    public string ScriptFolder => "SqlServer";

    public string OrleansInvariant => "Microsoft.Data.SqlClient";

    public string ConnectionStringExample => "Server=db;Database=relay;User ID=relay;Password=…";

    public Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class =>
        connection.BulkCopyAsync(BulkCopy, rows, cancellationToken);

    public string? FindFault(string connectionString)
    {
        try
        {
            var builder = new SqlConnectionStringBuilder(connectionString);
            return string.IsNullOrWhiteSpace(builder.DataSource) ? "names no Server"
                : string.IsNullOrWhiteSpace(builder.InitialCatalog) && string.IsNullOrWhiteSpace(builder.AttachDBFilename)
                    ? "names no Database" : null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException)
        {
            // The driver's message may repeat a part of the password.
            return "cannot be read";
        }
    }

    // Of a name that is there twice, the later counts.
    public string Complete(string connectionString, string? lane = null)
    {
        var builder = new SqlConnectionStringBuilder(Defaults + connectionString);
        if (lane is not null)
        {
            builder.ApplicationName += "-" + lane;
            builder.MaxPoolSize = IServerDialect.LanePoolSize;
        }

        return builder.ConnectionString;
    }

    public string NameOf(string connectionString)
    {
        var builder = new SqlConnectionStringBuilder(connectionString);
        return $"{builder.InitialCatalog} on {builder.DataSource}";
    }

    public DataOptions Options(string completeConnectionString) =>
        new DataOptions()
            .UseSqlServer(completeConnectionString, SqlServerVersion.v2017, SqlServerProvider.MicrosoftDataSqlClient)
            .UseInterceptor(new SqlServerConnectionSetup());

    public void ClearPool(string completeConnectionString)
    {
        using var connection = new SqlConnection(completeConnectionString);
        SqlConnection.ClearPool(connection);
    }

    public DbConnection Connect(string connectionString) => new SqlConnection(Unpooled(connectionString));

    public DbConnection LockSchema(string connectionString)
    {
        var connection = new SqlConnection(Unpooled(connectionString));
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandType = CommandType.StoredProcedure;
            command.CommandText = "sp_getapplock";
            command.Parameters.AddWithValue("@Resource", "relay-schema");
            command.Parameters.AddWithValue("@LockMode", "Exclusive");
            command.Parameters.AddWithValue("@LockOwner", "Session");
            command.Parameters.AddWithValue("@LockTimeout", SchemaMigrator.LockTimeoutSeconds * 1000);
            var outcome = command.Parameters.Add("@outcome", SqlDbType.Int);
            outcome.Direction = ParameterDirection.ReturnValue;

            // The procedure's own time-out comes first.
            command.CommandTimeout = SchemaMigrator.LockTimeoutSeconds + 30;
            command.ExecuteNonQuery();
            return outcome.Value is >= 0
                ? connection
                : throw new MigrationException(
                    $"The database '{NameOf(connectionString)}' could not be locked to bring it to this version's schema: another Relay is at it.");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public RowVersions KeepRowVersions(DbConnection lockedConnection) => SqlServerRowVersions.Keep((SqlConnection)lockedConnection);

    public UpgradeEngineBuilder Upgrade(string connectionString, DbConnection lockedConnection)
    {
        using var command = lockedConnection.CreateCommand();
        command.CommandText = "SELECT SCHEMA_NAME()";
        return DeployChanges.To.SqlDatabase(Unpooled(connectionString))
            .JournalToSqlTable(command.ExecuteScalar() as string, SchemaMigrator.JournalTable);
    }

    // Above class 19 the connection is gone, or never came to be. A certificate that is not trusted looks the same, but for its cause.
    public bool IsOutage(Exception exception) =>
        exception is TimeoutException or SocketException
        || (exception is SqlException sql && sql.InnerException is not AuthenticationException
            && (sql.Class > 19 || sql.Number is -2 || sql.Errors.Cast<SqlError>().Any(error => StartingErrors.Contains(error.Number))));

    // Of a unique index, and of a constraint.
    public bool IsUniqueViolation(Exception exception) =>
        exception is SqlException sql && sql.Errors.Cast<SqlError>().Any(error => error.Number is 2601 or 2627);

    public bool IsLockTimeout(Exception exception) =>
        exception is SqlException sql && sql.Errors.Cast<SqlError>().Any(error => error.Number is 1222);

    public bool IsDeadlock(Exception exception) =>
        exception is SqlException sql && sql.Errors.Cast<SqlError>().Any(error => error.Number is 1205);

    private static string Unpooled(string connectionString) =>
        new SqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
}
