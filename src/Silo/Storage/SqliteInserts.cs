using LinqToDB.Data;
using LinqToDB.Mapping;
using Microsoft.Data.Sqlite;

namespace Relay.Silo.Storage;

/// <summary>
/// Writes many rows of a kind by one statement, prepared once for as long as the connection is open. With a statement for many rows,
/// or one that is prepared for each batch, SQLite spends more time on reading it than on writing: docs/performance.md has the figures.
/// </summary>
internal sealed class SqliteInserts(DataConnection connection) : IDisposable
{
    private readonly Dictionary<Type, (SqliteCommand Command, IReadOnlyList<ColumnDescriptor> Columns)> _prepared = [];

    /// <summary>Inserts rows in the connection's open transaction.</summary>
    public async Task RunAsync<T>(IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : class
    {
        if (!_prepared.TryGetValue(typeof(T), out var prepared))
        {
            _prepared[typeof(T)] = prepared = Prepare(connection.MappingSchema.GetEntityDescriptor(typeof(T)));
        }

        var (command, columns) = prepared;
        command.Transaction = (SqliteTransaction?)connection.Transaction;
        foreach (var row in rows)
        {
            for (var i = 0; i < columns.Count; i++)
            {
                command.Parameters[i].Value = columns[i].GetProviderValue(row) ?? DBNull.Value;
            }

            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (var (command, _) in _prepared.Values)
        {
            command.Dispose();
        }
    }

    private (SqliteCommand Command, IReadOnlyList<ColumnDescriptor> Columns) Prepare(EntityDescriptor table)
    {
        // The names are this program's own. Values are parameters, never literals: no text of a client becomes part of a statement.
        var names = string.Join(", ", table.Columns.Select(static column => $"\"{column.ColumnName}\""));
        var values = string.Join(", ", table.Columns.Select(static (_, index) => $"${index}"));
        var command = (SqliteCommand)connection.OpenDbConnection().CreateCommand();
        command.CommandText = $"INSERT INTO \"{table.Name.Name}\" ({names}) VALUES ({values})";
        for (var i = 0; i < table.Columns.Count; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
        }

        return (command, table.Columns);
    }
}
