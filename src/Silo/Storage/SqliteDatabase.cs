using System.Diagnostics.CodeAnalysis;
using LinqToDB;
using LinqToDB.Data;
using LinqToDB.DataProvider.SQLite;
using LinqToDB.Mapping;
using LinqToDB.SqlQuery;
using Microsoft.Data.Sqlite;

namespace Relay.Silo.Storage;

/// <summary>
/// The file <c>relay.db</c> in the data directory. SQLite has one writer at a time, so every writer of the process queues here
/// instead of running into the file's lock; readers never wait.
/// </summary>
internal sealed class SqliteDatabase : IRelayDatabase
{
    private const int PrimaryKeyViolation = 1555;
    private const int UniqueIndexViolation = 2067;

    private readonly string _file;
    private readonly string _connectionString;
    private readonly DataOptions _options;
    [SuppressMessage(
        "Usage",
        "CA2213",
        Justification = "It holds nothing to free, and writers that still wait must get to know that the database is disposed.")]
    private readonly SemaphoreSlim _writer = new(1, 1);
    private DataConnection? _writing;
    private SqliteInserts? _inserts;
    private bool _disposed;

    public SqliteDatabase(DataDirectory directory)
    {
        _file = Path.Combine(directory.FullPath, "relay.db");
        _connectionString = new SqliteConnectionStringBuilder { DataSource = _file }.ConnectionString;
        _options = new DataOptions()
            .UseSQLite(_connectionString, SQLiteProvider.Microsoft)
            .UseMappingSchema(Mapping())
            .UseInterceptor(new SqliteConnectionSetup());
    }

    /// <summary>Creates the file when it is missing (mode 600) and migrates it. The process's lock keeps others away.</summary>
    /// <exception cref="MigrationException">The file is no database, cannot be opened, or cannot be migrated.</exception>
    public void Open()
    {
        try
        {
            // SQLite gives its two side files the mode of the file that it finds.
            PrivateFile.OpenOrCreate(_file, FileShare.ReadWrite).Dispose();
            using (var connection = new DataConnection(_options))
            {
                connection.Execute("PRAGMA journal_mode = WAL");
            }

            SqliteMigrator.Migrate(_connectionString, _file);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new MigrationException($"The database '{_file}' cannot be opened: {exception.Message}", exception);
        }
    }

    // Away from the caller's thread: the driver reads the disk without asynchrony.
    public Task<T> ReadAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        Task.Run(
            async () =>
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                await using var connection = new DataConnection(_options);
                return await read(connection, cancellationToken);
            },
            cancellationToken);

    // The transaction takes no lock that a writer needs: in WAL mode it reads what was committed when it began to read.
    public Task<T> ReadAtOneMomentAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        ReadAsync(
            async (connection, token) =>
            {
                await using var transaction = BeginRead(connection);
                return await read(connection, token);
            },
            cancellationToken);

    // All of it on the pool, taking and handing on the writer's place too: a busy grain must not keep the place while its
    // turn waits. Who is on the pool already, as the ledger's writer is, need not change threads.
    public Task WriteAsync(Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken) =>
        Thread.CurrentThread.IsThreadPoolThread && TaskScheduler.Current == TaskScheduler.Default && SynchronizationContext.Current is null
            ? WriteInTurnAsync(write, cancellationToken)
            : Task.Run(() => WriteInTurnAsync(write, cancellationToken), cancellationToken);

    public Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class
    {
        (_inserts ??= new SqliteInserts(connection)).Run(rows, cancellationToken);
        return Task.CompletedTask;
    }

    public bool IsUniqueViolation(Exception exception) =>
        exception is SqliteException { SqliteExtendedErrorCode: UniqueIndexViolation or PrimaryKeyViolation };

    /// <summary>Waits for the writer at work and closes the file, which folds the write-ahead log into it.</summary>
    public void Dispose()
    {
        _writer.Wait();
        _disposed = true;
        CloseWriting();
        using var pool = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(pool);
        _writer.Release();
    }

    private async Task WriteInTurnAsync(
        Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            await WriteOnceAsync(_writing ??= new DataConnection(_options), write, cancellationToken);
        }
        catch
        {
            // Whatever state the connection is in, the next writer begins with a new one.
            CloseWriting();
            throw;
        }
        finally
        {
            _writer.Release();
        }
    }

    private static async Task WriteOnceAsync(
        DataConnection connection, Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await write(connection, cancellationToken);

        // No token: a commit that has begun is not given up, or nobody would know its outcome.
        await transaction.CommitAsync(CancellationToken.None);
    }

    /// <summary>The writers' connection stays open, with its statements; only who is the writer, or the last to come here, may close it.</summary>
    private void CloseWriting()
    {
        _inserts?.Dispose();
        _writing?.Dispose();
        (_inserts, _writing) = (null, null);
    }

    private static SqliteTransaction BeginRead(DataConnection connection) =>
        ((SqliteConnection)connection.OpenDbConnection()).BeginTransaction(deferred: true);

    // Text without a length: linq2db would otherwise declare 255 characters for a parameter, and the driver cuts what is longer
    // without a word.
    private static MappingSchema Mapping()
    {
        var mapping = new MappingSchema();
        mapping.SetDataType(typeof(string), new SqlDataType(DataType.Text, typeof(string)));
        return mapping;
    }
}
