namespace Relay.Silo.Storage;

/// <summary>Which database Relay keeps its keys and counts in.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The section of the settings.</summary>
    public const string SectionName = "Relay:Database";

    /// <summary>The name of the connection string, in the section <c>ConnectionStrings</c>.</summary>
    public const string ConnectionStringName = "Relay";

    /// <summary>
    /// <c>Sqlite</c>, the default: a file in the data directory. <c>PostgreSql</c> and <c>SqlServer</c> need the connection
    /// string <c>ConnectionStrings:Relay</c>.
    /// </summary>
    public string Provider { get; set; } = nameof(DatabaseProvider.Sqlite);

    /// <summary>The provider as a value; null when there is none of that name.</summary>
    internal DatabaseProvider? FindProvider()
    {
        foreach (var provider in Enum.GetValues<DatabaseProvider>())
        {
            if (string.Equals(provider.ToString(), Provider, StringComparison.OrdinalIgnoreCase))
            {
                return provider;
            }
        }

        return null;
    }
}
