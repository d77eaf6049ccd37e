using LinqToDB.Data;

namespace Relay.Silo.Storage;

/// <summary>The database with all of Relay's tables. It is opened once, before every other call.</summary>
internal interface IRelayDatabase : IDisposable
{
    /// <summary>Brings the database to this version's schema; several silos may do so at once.</summary>
    /// <exception cref="MigrationException">It cannot be opened, or not be migrated.</exception>
    void Open();

    /// <summary>Runs a query, away from the caller's thread, which may be a grain's. It may run again after a deadlock.</summary>
    Task<T> ReadAsync<T>(Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>
    /// Runs queries that all see the database as it was at one moment, whoever writes meanwhile; else as <see cref="ReadAsync"/>.
    /// </summary>
    Task<T> ReadAtOneMomentAsync<T>(Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>
    /// Runs changes in one transaction and returns when it is committed and synced to disk. Whatever <paramref name="write"/>
    /// throws rolls it back. It runs again, in a new transaction, after a deadlock.
    /// </summary>
    /// <exception cref="TimeoutException">Another transaction has held a row for longer than anyone waits; the same changes may be tried again.</exception>
    Task WriteAsync(Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken);

    /// <summary>Inserts many rows, the fastest way that the database has, on a connection of <see cref="WriteAsync"/>.</summary>
    Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class;

    /// <summary>Whether a write failed because a row with such a primary or unique key is there already.</summary>
    bool IsUniqueViolation(Exception exception);
}
