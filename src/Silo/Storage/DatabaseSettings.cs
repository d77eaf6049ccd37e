using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Relay.Configuration;

namespace Relay.Silo.Storage;

/// <summary>Reads which database the settings name.</summary>
internal static class DatabaseSettings
{
    /// <summary>Binds and checks the settings.</summary>
    public static void AddDatabaseSettings(this IHostApplicationBuilder builder) =>
        builder.AddSettings<DatabaseOptions, DatabaseOptionsValidator>(DatabaseOptions.SectionName);

    /// <summary>The server and the connection string; null for SQLite, and while the settings are wrong, which their check then tells.</summary>
    public static (IServerDialect Dialect, string ConnectionString)? ServerOf(IConfiguration configuration)
    {
        var options = new DatabaseOptions { Provider = configuration[$"{DatabaseOptions.SectionName}:Provider"] ?? nameof(DatabaseProvider.Sqlite) };
        return options.FindProvider() is { } provider
            && ServerDialects.Find(provider) is { } dialect
            && configuration.GetConnectionString(DatabaseOptions.ConnectionStringName) is { } text
            && !string.IsNullOrWhiteSpace(text)
            && dialect.FindFault(text) is null
                ? (dialect, text)
                : null;
    }
}
