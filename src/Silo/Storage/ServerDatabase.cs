using System.Data.Common;
using DbUp.Engine;
using LinqToDB;
using LinqToDB.Data;
using Polly;
using Polly.Retry;

namespace Relay.Silo.Storage;

/// <summary>
/// A database on a server, which many silos share. Connections come from the driver's pool; a transaction that the server rolled
/// back because of a deadlock runs again, after a little while of random length.
/// </summary>
internal sealed class ServerDatabase : IRelayDatabase
{
    private readonly IServerDialect _dialect;
    private readonly string _configured;
    private readonly DataOptions _options;
    private readonly ResiliencePipeline _deadlockRetry;
    private volatile bool _disposed;

    public ServerDatabase(IServerDialect dialect, string connectionString, TimeProvider time, string? lane = null)
    {
        _dialect = dialect;
        _configured = connectionString;
        ConnectionString = dialect.Complete(connectionString, lane);
        _options = dialect.Options(ConnectionString);
        _deadlockRetry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is { } exception && dialect.IsDeadlock(exception)),
                MaxRetryAttempts = 5,
                Delay = TimeSpan.FromMilliseconds(20),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();
    }

    /// <summary>The connection string with Relay's defaults; it may hold a password.</summary>
    public string ConnectionString { get; }

    /// <summary>The name that Orleans' ADO.NET providers have for the driver.</summary>
    public string OrleansInvariant => _dialect.OrleansInvariant;

    public void Open() => Open(SchemaMigrator.EmbeddedScripts(_dialect.ScriptFolder));

    /// <summary>As <see cref="Open()"/>, with other scripts.</summary>
    internal void Open(IEnumerable<SqlScript> scripts)
    {
        var name = _dialect.NameOf(_configured);
        try
        {
            using var locked = _dialect.LockSchema(_configured);
            SchemaMigrator.Migrate(_dialect.Upgrade(_configured, locked), scripts, name);
        }
        catch (Exception exception) when (exception is DbException or TimeoutException or InvalidOperationException)
        {
            throw new MigrationException($"The database '{name}' cannot be opened: {exception.Message}", exception);
        }
    }

    public Task<T> ReadAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(read, cancellationToken);

    public Task WriteAsync(Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken) =>
        RunAsync(
            async (connection, token) =>
            {
                await using var transaction = await connection.BeginTransactionAsync(token);
                await write(connection, token);

                // No token: a commit that has begun is not given up, or nobody would know its outcome.
                await transaction.CommitAsync(CancellationToken.None);
                return true;
            },
            cancellationToken);

    public Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class =>
        connection.BulkCopyAsync(_dialect.BulkCopy, rows, cancellationToken);

    public bool IsUniqueViolation(Exception exception) => _dialect.IsUniqueViolation(exception);

    /// <summary>Refuses further calls, and closes the idle connections. Calls under way finish.</summary>
    public void Dispose()
    {
        _disposed = true;
        _dialect.ClearPool(ConnectionString);
    }

    // On the pool: a busy grain must not keep a transaction open while its turn waits.
    private Task<T> RunAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> run, CancellationToken cancellationToken) =>
        Task.Run(
            () => _deadlockRetry.ExecuteAsync(
                async token =>
                {
                    ObjectDisposedException.ThrowIf(_disposed, this);
                    await using var connection = new DataConnection(_options);
                    return await run(connection, token);
                },
                cancellationToken).AsTask(),
            cancellationToken);
}
