namespace Relay.Silo.Storage;

/// <summary>The dialects by the name of their database.</summary>
internal static class ServerDialects
{
    private static readonly PostgreSqlDialect PostgreSql = new();
    private static readonly SqlServerDialect SqlServer = new();

    /// <summary>The dialect of a database server; null for SQLite, which is none.</summary>
    public static IServerDialect? Find(DatabaseProvider provider) => provider switch
    {
        DatabaseProvider.Sqlite => null,
        DatabaseProvider.PostgreSql => PostgreSql,
        DatabaseProvider.SqlServer => SqlServer,
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "No such database."),
    };
}
