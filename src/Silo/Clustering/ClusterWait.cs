using Microsoft.Extensions.Logging;
using Relay.Hosting;
using Relay.Silo.Storage;

namespace Relay.Silo.Clustering;

/// <summary>
/// What a frontend does that starts and finds no cluster: it waits, since frontends and silos may start in any order, and the log says
/// what for. A database that refuses it ends the start, since waiting would not help.
/// </summary>
internal sealed partial class ClusterWait(
    IServerDialect dialect, string connectionString, string clusterId, TimeProvider time, ILogger<ClusterWait> logger) : IClientConnectionRetryFilter
{
    private int _triesFailed;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        var pause = StartBackoff.After(++_triesFailed);

        // Orleans tells the two apart only by what its provider happens to throw.
        if (await FindDatabaseFaultAsync(cancellationToken) is { } fault)
        {
            var message = $"The database '{dialect.NameOf(connectionString)}' cannot be opened: {fault.Message.ReplaceLineEndings(" ")}";
            if (!dialect.IsOutage(fault))
            {
                throw new MigrationException(message, fault);
            }

            LogDatabase(pause.TotalSeconds, message);
        }
        else
        {
            LogNoSilo(pause.TotalSeconds, clusterId, dialect.NameOf(connectionString));
        }

        await Task.Delay(pause, time, cancellationToken);
        return true;
    }

    private async Task<Exception?> FindDatabaseFaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = dialect.Connect(connectionString);
            await connection.OpenAsync(cancellationToken);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return e;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Waiting to start; next try in {Seconds} s. {Fault}")]
    private partial void LogDatabase(double seconds, string fault);

    [LoggerMessage(LogLevel.Warning, "Waiting to start; next try in {Seconds} s. No silo of the cluster '{ClusterId}' that the database '{Database}' lists answers.")]
    private partial void LogNoSilo(double seconds, string clusterId, string database);
}
