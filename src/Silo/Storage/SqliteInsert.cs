using LinqToDB.Data;
using Microsoft.Data.Sqlite;

namespace Relay.Silo.Storage;

/// <summary>
/// Writes many rows by one statement that is prepared once. With a statement for many rows, SQLite spends more time on reading
/// it than on writing: docs/performance.md has the figures.
/// </summary>
internal static class SqliteInsert
{
    /// <summary>Inserts rows in the connection's open transaction.</summary>
    public static async Task RunAsync<T>(DataConnection connection, IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : class
    {
        var table = connection.MappingSchema.GetEntityDescriptor(typeof(T));
        var columns = table.Columns;

        // The names are this program's own. Values are parameters, never literals: no text of a client becomes part of a statement.
        var names = string.Join(", ", columns.Select(static column => $"\"{column.ColumnName}\""));
        var values = string.Join(", ", columns.Select(static (_, index) => $"${index}"));
        await using var command = (SqliteCommand)connection.OpenDbConnection().CreateCommand();
        command.Transaction = (SqliteTransaction?)connection.Transaction;
        command.CommandText = $"INSERT INTO \"{table.Name.Name}\" ({names}) VALUES ({values})";
        var parameters = columns.Select((_, index) => command.Parameters.Add(new SqliteParameter { ParameterName = $"${index}" })).ToArray();
        foreach (var row in rows)
        {
            for (var i = 0; i < parameters.Length; i++)
            {
                parameters[i].Value = columns[i].GetProviderValue(row) ?? DBNull.Value;
            }

            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
