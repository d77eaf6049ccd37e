using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Relay.Hosting;
using Relay.Silo.Ownership;
using Relay.Silo.Storage;

namespace Relay.Silo.Hosting;

/// <summary>
/// Opens the database before the silo starts. A server that is away is waited for, and the log says so; any other fault ends the
/// start with its own message, since waiting would not help.
/// </summary>
internal sealed partial class DatabaseStart(IRelayDatabase database, SqlKeyOwners owners, TimeProvider time, ILogger<DatabaseStart> logger)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var triesFailed = 1; !await TryOpenAsync(triesFailed, cancellationToken); triesFailed++)
        {
            await Task.Delay(StartBackoff.After(triesFailed), time, cancellationToken);
        }

        if (database is SqliteDatabase)
        {
            // The lock on the data directory is held, so that whoever owned a key is gone, and its callers with it.
            await owners.ForgetAllAsync(cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> TryOpenAsync(int triesFailed, CancellationToken cancellationToken)
    {
        try
        {
            // Not waited for when the process is told to stop: it may be at a server that says nothing.
            await Task.Run(database.Open, cancellationToken).WaitAsync(cancellationToken);
            return true;
        }
        catch (MigrationException e) when (e.IsOutage)
        {
            LogAway(StartBackoff.After(triesFailed).TotalSeconds, e.Message.ReplaceLineEndings(" "));
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Waiting to start; next try in {Seconds} s. {Fault}")]
    private partial void LogAway(double seconds, string fault);
}
