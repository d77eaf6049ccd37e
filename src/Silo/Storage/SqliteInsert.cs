using System.Reflection;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Relay.Silo.Storage;

/// <summary>
/// A prepared statement that inserts one row after the other. A parameter keeps its value from row to row, so that only those are
/// given that differ from the row before; most of a ledger's do not.
/// </summary>
/// <typeparam name="T">The row.</typeparam>
internal sealed class SqliteInsert<T> : IDisposable
    where T : class
{
    private readonly sqlite3_stmt _statement;
    private readonly Func<T, int>[] _parameters;

    /// <summary>Takes a statement over.</summary>
    /// <param name="statement">The statement, which is disposed with this.</param>
    /// <param name="columns">The properties that its parameters are given, in their order.</param>
    /// <exception cref="NotSupportedException">A property is neither a text nor a whole number.</exception>
    public SqliteInsert(sqlite3_stmt statement, IEnumerable<MemberInfo> columns)
    {
        _statement = statement;
        _parameters = [.. columns.Select((column, index) => Parameter((PropertyInfo)column, index + 1))];
    }

    /// <summary>Inserts a row.</summary>
    /// <exception cref="SqliteException">SQLite does not take it.</exception>
    public void Run(T row, sqlite3 database)
    {
        foreach (var give in _parameters)
        {
            if (give(row) is var refused and not raw.SQLITE_OK)
            {
                SqliteException.ThrowExceptionForRC(refused, database);
            }
        }

        try
        {
            // SQLite's own code of success here is that it is done.
            if (raw.sqlite3_step(_statement) is var refused and not raw.SQLITE_DONE)
            {
                SqliteException.ThrowExceptionForRC(refused, database);
            }
        }
        finally
        {
            _ = raw.sqlite3_reset(_statement);
        }
    }

    public void Dispose() => _statement.Dispose();

    private Func<T, int> Parameter(PropertyInfo column, int place) => column.PropertyType switch
    {
        var type when type == typeof(string) => Parameter<string?>(column, (text) =>
            text is null ? raw.sqlite3_bind_null(_statement, place) : raw.sqlite3_bind_text(_statement, place, text)),
        var type when type == typeof(long) => Parameter<long>(column, number => raw.sqlite3_bind_int64(_statement, place, number)),
        var type when type == typeof(int) => Parameter<int>(column, number => raw.sqlite3_bind_int64(_statement, place, number)),
        var type when type == typeof(long?) => Parameter<long?>(column, number =>
            number is { } known ? raw.sqlite3_bind_int64(_statement, place, known) : raw.sqlite3_bind_null(_statement, place)),
        var type => throw new NotSupportedException($"A column of {type} is not written in bulk."),
    };

    private static Func<T, int> Parameter<TValue>(PropertyInfo column, Func<TValue, int> bind)
    {
        var read = column.GetMethod!.CreateDelegate<Func<T, TValue>>();
        var isGiven = false;
        var given = default(TValue)!;
        return row =>
        {
            var value = read(row);
            if (isGiven && EqualityComparer<TValue>.Default.Equals(value, given))
            {
                return raw.SQLITE_OK;
            }

            var result = bind(value);
            (isGiven, given) = (result == raw.SQLITE_OK, value);
            return result;
        };
    }
}
