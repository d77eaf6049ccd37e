using LinqToDB.Data;
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
    private readonly Dictionary<Type, IDisposable> _prepared = [];

    private sqlite3 Database => ((SqliteConnection)connection.OpenDbConnection()).Handle!;

    /// <summary>Inserts rows in the connection's open transaction.</summary>
    /// <exception cref="SqliteException">SQLite does not take one of them.</exception>
    public void Run<T>(IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : class
    {
        if (!_prepared.TryGetValue(typeof(T), out var prepared))
        {
            _prepared[typeof(T)] = prepared = Prepare<T>();
        }

        var statement = (SqliteInsert<T>)prepared;
        var database = Database;
        foreach (var row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            statement.Run(row, database);
        }
    }

    public void Dispose()
    {
        foreach (var statement in _prepared.Values)
        {
            statement.Dispose();
        }
    }

    private SqliteInsert<T> Prepare<T>()
        where T : class
    {
        // The names are this program's own. Values are parameters, never literals: no text of a client becomes part of a statement.
        var table = connection.MappingSchema.GetEntityDescriptor(typeof(T));
        var names = string.Join(", ", table.Columns.Select(static column => $"\"{column.ColumnName}\""));
        var values = string.Join(", ", table.Columns.Select(static _ => "?"));
        var database = Database;
        var text = $"INSERT INTO \"{table.Name.Name}\" ({names}) VALUES ({values})";
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, text, out var statement), database);
        return new SqliteInsert<T>(statement, table.Columns.Select(static column => column.MemberInfo));
    }
}
