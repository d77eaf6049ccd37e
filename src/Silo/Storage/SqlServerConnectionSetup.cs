using System.Data.Common;
using LinqToDB.Interceptors;

namespace Relay.Silo.Storage;

/// <summary>Gives every connection the settings that SQL Server forgets when it goes back to the pool.</summary>
internal sealed class SqlServerConnectionSetup : ConnectionInterceptor
{
    // The time-out, in ms, is for locks that another silo holds. Without XACT_ABORT some errors leave the transaction open.
    private const string Settings = "SET XACT_ABORT ON; SET LOCK_TIMEOUT 5000;";

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
