using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Standalone;

/// <summary>Which database Relay keeps its counts in.</summary>
internal sealed class StandaloneDatabaseOptions
{
    /// <summary><c>Sqlite</c>, the only one of this version: a file in the data directory.</summary>
    [AllowedValues("Sqlite", ErrorMessage = "Relay:Database:Provider must be Sqlite: this version knows no other.")]
    public string Provider { get; set; } = "Sqlite";
}
