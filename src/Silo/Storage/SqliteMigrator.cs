using DbUp;
using DbUp.Engine;

namespace Relay.Silo.Storage;

/// <summary>
/// Brings a SQLite file to this version's schema. It takes no lock: the lock on the data directory keeps every other Relay away.
/// </summary>
internal static class SqliteMigrator
{
    /// <summary>Runs the scripts that have not run on this file.</summary>
    /// <exception cref="MigrationException">A script failed, or a newer version of Relay has changed the schema.</exception>
    public static void Migrate(string connectionString, string file) =>
        Migrate(connectionString, file, SchemaMigrator.EmbeddedScripts("Sqlite"));

    /// <summary>As <see cref="Migrate(string, string)"/>, with other scripts.</summary>
    internal static void Migrate(string connectionString, string file, IEnumerable<SqlScript> scripts) =>
        SchemaMigrator.Migrate(
            DeployChanges.To.SqliteDatabase(connectionString).JournalToSqliteTable(SchemaMigrator.JournalTable), scripts, file);
}
