namespace Relay.Silo.Storage;

/// <summary>The kinds of database in which Relay can keep its data.</summary>
internal enum DatabaseProvider
{
    /// <summary>A file in the data directory.</summary>
    Sqlite,

    /// <summary>PostgreSQL 12 or later.</summary>
    PostgreSql,

    /// <summary>SQL Server 2017 or later, or Azure SQL.</summary>
    SqlServer,
}
