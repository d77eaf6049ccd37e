using LinqToDB.Data;
using Npgsql;
using NpgsqlTypes;

namespace Relay.Silo.Storage;

/// <summary>
/// Writes many rows by one statement, which takes each column as an array. Not by COPY: a process that stops in the middle of one
/// would keep the rows locked, since the server's time-outs do not strike while it waits for COPY's data. Of a statement, nothing
/// is done before all of it has come.
/// </summary>
internal static class PostgreSqlInsert
{
    /// <summary>Inserts rows in the connection's open transaction.</summary>
    public static async Task RunAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class
    {
        var table = connection.MappingSchema.GetEntityDescriptor(typeof(T));
        var columns = table.Columns;

        // The names are this program's own, and the statement is the same for any number of rows, so that it is prepared once.
        var names = string.Join(", ", columns.Select(static column => $"\"{column.ColumnName}\""));
        var arrays = string.Join(", ", columns.Select(static (_, index) => $"${index + 1}"));
        await using var command = (NpgsqlCommand)connection.OpenDbConnection().CreateCommand();
        command.Transaction = (NpgsqlTransaction?)connection.Transaction;
        command.CommandText = $"INSERT INTO \"{table.Name.Name}\" ({names}) SELECT * FROM unnest({arrays})";
        foreach (var column in columns)
        {
            var values = rows.Select(row => column.GetProviderValue(row));
            var type = Nullable.GetUnderlyingType(column.MemberType) ?? column.MemberType;
            NpgsqlParameter parameter =
                type == typeof(string) ? Of(NpgsqlDbType.Text, values.Select(static value => (string?)value).ToArray())
                : type == typeof(long) ? Of(NpgsqlDbType.Bigint, values.Select(static value => (long?)value).ToArray())
                : type == typeof(int) ? Of(NpgsqlDbType.Integer, values.Select(static value => (int?)value).ToArray())
                : throw new NotSupportedException($"{table.Name.Name}.{column.ColumnName} is of a type that no array is made of here.");
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<T[]> Of<T>(NpgsqlDbType type, T[] values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = values };
}
