using DbUp;
using DbUp.Engine;

namespace Relay.Silo.Storage;

/// <summary>
/// Brings a SQLite file to this version's schema. It takes no lock: the lock on the data directory keeps every other Relay away.
/// </summary>
internal static class SqliteMigrator
{
    private const string ScriptPrefix = "Relay.Silo.Storage.Migrations.Sqlite.";

    /// <summary>Runs the scripts that have not run on this file, each in a transaction of its own.</summary>
    /// <exception cref="MigrationException">A script failed, or a newer version of Relay has changed the schema.</exception>
    public static void Migrate(string connectionString, string file) => Migrate(connectionString, file, EmbeddedScripts());

    /// <summary>As <see cref="Migrate(string, string)"/>, with other scripts.</summary>
    internal static void Migrate(string connectionString, string file, IEnumerable<SqlScript> scripts)
    {
        var engine = DeployChanges.To.SqliteDatabase(connectionString)
            .WithScripts(scripts)
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .JournalToSqliteTable("schema_versions")
            .LogToNowhere()
            .Build();

        if (engine.GetExecutedButNotDiscoveredScripts() is [var unknown, ..])
        {
            throw new MigrationException(
                $"The database '{file}' belongs to a newer version of Relay: this version does not know '{unknown}'.");
        }

        var result = engine.PerformUpgrade();
        if (!result.Successful)
        {
            throw new MigrationException(
                $"The database '{file}' could not be brought to this version's schema: "
                + $"'{result.ErrorScript?.Name}' failed: {result.Error.Message}",
                result.Error);
        }
    }

    // The journal keeps the plain file names, so that moving the folder does not run every script again.
    private static IEnumerable<SqlScript> EmbeddedScripts()
    {
        var assembly = typeof(SqliteMigrator).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith(ScriptPrefix, StringComparison.Ordinal))
            {
                using var stream = assembly.GetManifestResourceStream(resource)!;
                yield return SqlScript.FromStream(resource[ScriptPrefix.Length..], stream);
            }
        }
    }
}
