using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using DbUp.Engine;
using LinqToDB;
using LinqToDB.Data;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Relay.Silo.Storage;

/// <summary>
/// A database on a server, which many silos share. Connections come from the driver's pool; a transaction that the server rolled
/// back because of a deadlock runs again, after a little while of random length.
/// </summary>
internal sealed partial class ServerDatabase : IRelayDatabase
{
    // A pool apart, because a connection of SQL Server keeps the isolation level when it goes back to its pool, where Orleans takes
    // it from too. Each lane has its own, so that none waits behind reports.
    private const string OneMomentLane = "reports";

    private readonly IServerDialect _dialect;
    private readonly ILogger<ServerDatabase> _logger;
    private readonly string _configured;
    private readonly DataOptions _options;
    private readonly string _oneMomentConnectionString;
    private readonly DataOptions _oneMomentOptions;
    private readonly ResiliencePipeline _deadlockRetry;
    private volatile bool _disposed;
    private volatile IsolationLevel _oneMoment = IsolationLevel.Serializable;

    public ServerDatabase(
        IServerDialect dialect, string connectionString, TimeProvider time, ILogger<ServerDatabase> logger, string? lane = null)
    {
        _dialect = dialect;
        _logger = logger;
        _configured = connectionString;
        ConnectionString = dialect.Complete(connectionString, lane);
        _options = dialect.Options(ConnectionString);
        _oneMomentConnectionString = dialect.Complete(connectionString, lane is null ? OneMomentLane : $"{lane}-{OneMomentLane}");
        _oneMomentOptions = dialect.Options(_oneMomentConnectionString);
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
            var versions = _dialect.KeepRowVersions(locked);
            _oneMoment = versions.OneMoment;
            if (versions.Refusal is not null)
            {
                LogNoRowVersions(_logger, name, versions.Refusal);
            }

            SchemaMigrator.Migrate(_dialect.Upgrade(_configured, locked), scripts, name);
        }
        catch (Exception exception) when (exception is DbException or TimeoutException or SocketException or InvalidOperationException)
        {
            throw new MigrationException($"The database '{name}' cannot be opened: {exception.Message}", exception)
            {
                IsOutage = _dialect.IsOutage(exception),
            };
        }
    }

    public Task<T> ReadAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(_options, read, cancellationToken);

    public async Task<T> ReadAtOneMomentAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        // The pool is small and seldom used: after a restart of the server it may have nothing but connections that are gone.
        for (var gone = 0; ; gone++)
        {
            try
            {
                return await RunAsync(
                    _oneMomentOptions,
                    async (connection, token) =>
                    {
                        await using var transaction = await connection.BeginTransactionAsync(_oneMoment, token);
                        return await read(connection, token);
                    },
                    cancellationToken);
            }
            catch (DbException exception) when (exception.IsTransient && gone < IServerDialect.LanePoolSize)
            {
                // The next one is another, or new.
            }
        }
    }

    public async Task WriteAsync(Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(
                _options,
                async (connection, token) =>
                {
                    await using var transaction = await connection.BeginTransactionAsync(token);
                    await write(connection, token);

                    // No token: a commit that has begun is not given up, or nobody would know its outcome.
                    await transaction.CommitAsync(CancellationToken.None);
                    return true;
                },
                cancellationToken);
        }
        catch (Exception exception) when (_dialect.IsLockTimeout(exception))
        {
            // So a silo leaves rows that was frozen amid a transaction.
            LogLockTimeout(_logger, exception);
#pragma warning disable MA0054 // Orleans cannot send the driver's exception to a caller in another process.
            throw new TimeoutException("Another transaction has held a row for longer than anyone waits; the same changes may be tried again.");
#pragma warning restore MA0054
        }
    }

    public Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class =>
        _dialect.InsertAsync(connection, rows, cancellationToken);

    public bool IsUniqueViolation(Exception exception) => _dialect.IsUniqueViolation(exception);

    /// <summary>Refuses further calls, and closes the idle connections. Calls under way finish.</summary>
    public void Dispose()
    {
        _disposed = true;
        _dialect.ClearPool(ConnectionString);
        _dialect.ClearPool(_oneMomentConnectionString);
    }

    // On the pool: a busy grain must not keep a transaction open while its turn waits.
    private Task<T> RunAsync<T>(
        DataOptions options, Func<DataConnection, CancellationToken, Task<T>> run, CancellationToken cancellationToken) =>
        Task.Run(
            () => _deadlockRetry.ExecuteAsync(
                async token =>
                {
                    ObjectDisposedException.ThrowIf(_disposed, this);
                    await using var connection = new DataConnection(options);
                    return await run(connection, token);
                },
                cancellationToken).AsTask(),
            cancellationToken);
}
