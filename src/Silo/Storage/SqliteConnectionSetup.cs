using System.Data.Common;
using LinqToDB.Interceptors;

namespace Relay.Silo.Storage;

/// <summary>Gives every connection the settings that SQLite keeps for a connection, not in the file.</summary>
internal sealed class SqliteConnectionSetup : ConnectionInterceptor
{
    // FULL: an acknowledged commit survives a power loss, which WAL's usual NORMAL does not promise.
    // The time-out is SQLite's own wait for a lock, in milliseconds: the driver's own would sleep 150 ms between two tries.
    // Relay's writers never wait for it, because they queue before; a backup tool may make them.
    private const string Settings = "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;";

    public override void ConnectionOpened(ConnectionEventData eventData, DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Settings;
        command.ExecuteNonQuery();
    }

    public override async Task ConnectionOpenedAsync(
        ConnectionEventData eventData, DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Settings;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
