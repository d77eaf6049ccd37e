using System.Globalization;
using System.Text;
using LinqToDB.Data;

namespace Relay.Silo.Ledger;

/// <summary>
/// Reads which of some keys have lost entries to retention. Every batch asks it, so that it is a plain command: to have the query
/// translated cost more than to run it.
/// </summary>
internal static class DroppedSequences
{
    private const string Question = "SELECT key_id, dropped_sequence FROM usage_positions WHERE dropped_sequence > 0 AND key_id IN (";

    /// <summary>The newest dropped sequence of those keys that have one. In the connection's open transaction, if there is one.</summary>
    public static async Task<Dictionary<string, long>> ReadAsync(
        DataConnection connection, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var dropped = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var command = connection.OpenDbConnection().CreateCommand();
        command.Transaction = connection.Transaction;
        var text = new StringBuilder(Question);
        foreach (var key in keys)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@k{command.Parameters.Count}");
            parameter.Value = key;
            text.Append(command.Parameters.Count > 0 ? ", " : "").Append(parameter.ParameterName);
            command.Parameters.Add(parameter);
        }

#pragma warning disable CA2100 // The text is made of this program's own words: keys are parameters.
        command.CommandText = text.Append(')').ToString();
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            dropped.Add(reader.GetString(0), reader.GetInt64(1));
        }

        return dropped;
    }
}
