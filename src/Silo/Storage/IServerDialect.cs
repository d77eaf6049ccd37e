using System.Data.Common;
using DbUp.Builder;
using LinqToDB;
using LinqToDB.Data;

namespace Relay.Silo.Storage;

/// <summary>What differs between database servers. Everything else is one code.</summary>
internal interface IServerDialect
{
    /// <summary>How many connections a pool apart has.</summary>
    const int LanePoolSize = 4;

    /// <summary>The folder of the migration scripts.</summary>
    string ScriptFolder { get; }

    /// <summary>The name that Orleans' ADO.NET providers have for the driver.</summary>
    string OrleansInvariant { get; }

    /// <summary>A connection string to learn from.</summary>
    string ConnectionStringExample { get; }

    /// <summary>Inserts many rows in the connection's open transaction.</summary>
    Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class;

    /// <summary>What is wrong with a connection string, to follow its name in a sentence; null when nothing is.</summary>
    string? FindFault(string connectionString);

    /// <summary>The operator's connection string with Relay's defaults, which his own words outrank.</summary>
    /// <param name="connectionString">The operator's.</param>
    /// <param name="lane">The name of a small pool apart, for what must not wait behind everything else; null for the common pool.</param>
    string Complete(string connectionString, string? lane = null);

    /// <summary>Server and database, for messages; no secret.</summary>
    string NameOf(string connectionString);

    /// <summary>How linq2db connects.</summary>
    DataOptions Options(string completeConnectionString);

    /// <summary>Closes the idle connections of the driver's pool.</summary>
    void ClearPool(string completeConnectionString);

    /// <summary>A connection that is not open yet, and not of the driver's pool.</summary>
    DbConnection Connect(string connectionString);

    /// <summary>
    /// Opens a connection that holds the schema's lock until it is closed; waits while another silo migrates. It is no pooled one.
    /// </summary>
    DbConnection LockSchema(string connectionString);

    /// <summary>
    /// Has the database keep versions of rows, for reads at one moment, if it does not do so by itself; and answers how such a read is
    /// isolated.
    /// </summary>
    RowVersions KeepRowVersions(DbConnection lockedConnection);

    /// <summary>DbUp for this server and journal.</summary>
    UpgradeEngineBuilder Upgrade(string connectionString, DbConnection lockedConnection);

    /// <summary>
    /// Whether a connection failed because the server is away, or not ready yet, so that another try may succeed. A refusal, such as of a
    /// wrong password, is none.
    /// </summary>
    bool IsOutage(Exception exception);

    /// <summary>Whether a row with such a primary or unique key is there already.</summary>
    bool IsUniqueViolation(Exception exception);

    /// <summary>Whether another transaction has held a row for longer than the connection's time-out.</summary>
    bool IsLockTimeout(Exception exception);

    /// <summary>Whether the server has rolled the transaction back because of others that ran beside it.</summary>
    bool IsDeadlock(Exception exception);
}
