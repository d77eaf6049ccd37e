using DbUp.Builder;
using DbUp.Engine;

namespace Relay.Silo.Storage;

/// <summary>Brings a database to this version's schema. Its caller holds a lock that keeps every other Relay away meanwhile.</summary>
internal static class SchemaMigrator
{
    /// <summary>The table with the names of the scripts that have run.</summary>
    public const string JournalTable = "schema_versions";

    /// <summary>How long a silo waits for another one that migrates, in seconds.</summary>
    public const int LockTimeoutSeconds = 300;

    /// <summary>Runs the scripts that have not run on this database, each in a transaction of its own.</summary>
    /// <param name="builder">DbUp for that database, with its journal.</param>
    /// <param name="scripts">All scripts of this version.</param>
    /// <param name="databaseName">The database's name for messages.</param>
    /// <exception cref="MigrationException">A script failed, or a newer version of Relay has changed the schema.</exception>
    public static void Migrate(UpgradeEngineBuilder builder, IEnumerable<SqlScript> scripts, string databaseName)
    {
        var engine = builder
            .WithScripts(scripts)
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .LogToNowhere()
            .Build();

        if (engine.GetExecutedButNotDiscoveredScripts() is [var unknown, ..])
        {
            throw new MigrationException(
                $"The database '{databaseName}' belongs to a newer version of Relay: this version does not know '{unknown}'.");
        }

        var result = engine.PerformUpgrade();
        if (!result.Successful)
        {
            throw new MigrationException(
                $"The database '{databaseName}' could not be brought to this version's schema: "
                + $"'{result.ErrorScript?.Name}' failed: {result.Error.Message}",
                result.Error);
        }
    }

    /// <summary>This version's scripts for a kind of database, in order.</summary>
    // The journal keeps the plain file names, so that moving the folder does not run every script again.
    public static IReadOnlyList<SqlScript> EmbeddedScripts(string folder)
    {
        var prefix = $"Relay.Silo.Storage.Migrations.{folder}.";
        var assembly = typeof(SchemaMigrator).Assembly;
        return
        [
            .. assembly.GetManifestResourceNames()
                .Where(resource => resource.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(resource =>
                {
                    using var stream = assembly.GetManifestResourceStream(resource)!;
                    return SqlScript.FromStream(resource[prefix.Length..], stream);
                }),
        ];
    }
}
