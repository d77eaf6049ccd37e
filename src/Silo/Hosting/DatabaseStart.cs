using Microsoft.Extensions.Hosting;
using Relay.Silo.Ownership;
using Relay.Silo.Storage;

namespace Relay.Silo.Hosting;

/// <summary>
/// Opens the database before anything of the host starts, so that a fault in it ends the start with its own message.
/// </summary>
internal sealed class DatabaseStart(IRelayDatabase database, SqlKeyOwners owners) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        database.Open();
        if (database is SqliteDatabase)
        {
            // The lock on the data directory is held, so that whoever owned a key is gone, and its callers with it.
            await owners.ForgetAllAsync(cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
