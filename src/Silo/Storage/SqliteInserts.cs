using LinqToDB.Data;
using LinqToDB.Mapping;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Relay.Silo.Storage;

/// <summary>
/// Writes many rows of a kind by one statement, prepared once for as long as the connection is open. With a statement for many rows,
/// or one that is prepared for each batch, SQLite spends more time on reading it than on writing. It is given its values by SQLite's own
/// interface: the driver's commands took longer than the insert itself. docs/performance.md has the figures.
/// </summary>
internal sealed class SqliteInserts(DataConnection connection) : IDisposable
{
    private readonly Dictionary<Type, (sqlite3_stmt Statement, IReadOnlyList<ColumnDescriptor> Columns)> _prepared = [];

    private sqlite3 Database => ((SqliteConnection)connection.OpenDbConnection()).Handle!;

    /// <summary>Inserts rows in the connection's open transaction.</summary>
    /// <exception cref="SqliteException">SQLite does not take one of them.</exception>
    public void Run<T>(IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : class
    {
        if (!_prepared.TryGetValue(typeof(T), out var prepared))
        {
            _prepared[typeof(T)] = prepared = Prepare(connection.MappingSchema.GetEntityDescriptor(typeof(T)));
        }

        var (statement, columns) = prepared;
        var database = Database;
        foreach (var row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < columns.Count; i++)
            {
                SqliteException.ThrowExceptionForRC(Bind(statement, i + 1, columns[i].GetProviderValue(row)), database);
            }

            Step(statement, database);
        }
    }

    public void Dispose()
    {
        foreach (var (statement, _) in _prepared.Values)
        {
            statement.Dispose();
        }
    }

    private static int Bind(sqlite3_stmt statement, int place, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(statement, place),
        string text => raw.sqlite3_bind_text(statement, place, text),
        long number => raw.sqlite3_bind_int64(statement, place, number),
        int number => raw.sqlite3_bind_int64(statement, place, number),
        _ => throw new NotSupportedException($"A column of {value.GetType()} is not written in bulk."),
    };

    private static void Step(sqlite3_stmt statement, sqlite3 database)
    {
        try
        {
            // SQLite's own code of success here is that it is done.
            var result = raw.sqlite3_step(statement);
            if (result != raw.SQLITE_DONE)
            {
                SqliteException.ThrowExceptionForRC(result, database);
            }
        }
        finally
        {
            _ = raw.sqlite3_reset(statement);
        }
    }

    private (sqlite3_stmt Statement, IReadOnlyList<ColumnDescriptor> Columns) Prepare(EntityDescriptor table)
    {
        // The names are this program's own. Values are parameters, never literals: no text of a client becomes part of a statement.
        var names = string.Join(", ", table.Columns.Select(static column => $"\"{column.ColumnName}\""));
        var values = string.Join(", ", table.Columns.Select(static _ => "?"));
        var database = Database;
        var text = $"INSERT INTO \"{table.Name.Name}\" ({names}) VALUES ({values})";
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, text, out var statement), database);
        return (statement, table.Columns);
    }
}
