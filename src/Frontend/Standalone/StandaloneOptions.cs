using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Standalone;

/// <summary>Where a Relay that is one process keeps its data.</summary>
internal sealed class StandaloneOptions
{
    /// <summary>The folder of the admin key and, unless it is on a server, the database: by default <c>./data</c> of the working directory.</summary>
    [Required]
    public string DataDirectory { get; set; } = "./data";

    /// <summary>The process's role: <c>All</c>, the only one of this version.</summary>
    [AllowedValues("All", ErrorMessage = "Relay:Role must be All: this version runs as one process.")]
    public string Role { get; set; } = "All";
}
