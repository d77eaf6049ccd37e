using System.Data;
using Microsoft.Data.SqlClient;

namespace Relay.Silo.Storage;

/// <summary>
/// Switches on SQL Server's two options that let readers see one moment without locks. A statement under plain READ COMMITTED sees
/// each row as it is when it comes to it: a report would miss entries that a roll-up moves meanwhile.
/// </summary>
internal static class SqlServerRowVersions
{
    private const int TimeoutSeconds = 15;

    /// <summary>Switches on what is off, as far as the server lets it. It never ends another's connection for that.</summary>
    /// <param name="connection">Open, with no transaction.</param>
    public static RowVersions Keep(SqlConnection connection)
    {
        var refusals = new List<string>();
        if (!IsOn(connection, "snapshot_isolation_state"))
        {
            Try(connection, "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON", refusals);
        }

        if (!IsOn(connection, "is_read_committed_snapshot_on"))
        {
            // Refused while anybody else is connected.
            Try(connection, "ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON WITH NO_WAIT", refusals);
        }

        // Without versions, locks on all that is read give one moment too. Writers then wait for readers.
        var isolation = IsOn(connection, "snapshot_isolation_state") ? IsolationLevel.Snapshot : IsolationLevel.Serializable;
        return new RowVersions(isolation, refusals.Count == 0 ? null : string.Join(" ", refusals));
    }

    private static bool IsOn(SqlConnection connection, string option)
    {
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT CAST({option} AS int) FROM sys.databases WHERE database_id = DB_ID()";
            return command.ExecuteScalar() is 1;
        }
        catch (SqlException)
        {
            // What speaks the protocol without being SQL Server may lack the column, and then the option.
            return false;
        }
    }

    private static void Try(SqlConnection connection, string statement, List<string> refusals)
    {
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.CommandTimeout = TimeoutSeconds;
            command.ExecuteNonQuery();
        }
        catch (SqlException exception)
        {
            refusals.Add($"'{statement}': {exception.Message}");
        }
    }
}
