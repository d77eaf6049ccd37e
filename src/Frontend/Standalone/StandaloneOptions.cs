using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Standalone;

/// <summary>What the process is, where it keeps its data, and how it runs.</summary>
internal sealed class StandaloneOptions
{
    /// <summary>The <see cref="Role"/> of a process with a silo.</summary>
    public const string AllRole = "All";

    /// <summary>The <see cref="Role"/> of a process without one.</summary>
    public const string FrontendRole = "Frontend";

    /// <summary>The folder of the outbox, the admin key and, unless it is on a server, the database: by default <c>./data</c> of the working directory.</summary>
    [Required]
    public string DataDirectory { get; set; } = "./data";

    /// <summary>
    /// What the process is: <c>All</c>, the default, a frontend with a silo beside it; <c>Frontend</c>, only a frontend, of silos that
    /// run elsewhere and share a database server with it.
    /// </summary>
    [AllowedValues(AllRole, FrontendRole, ErrorMessage = "Relay:Role must be All or Frontend.")]
    public string Role { get; set; } = AllRole;

    /// <summary>
    /// Whether, alone on SQLite, the threads of calls interrupt nobody when they wake, by default true: a call then costs less. False where other
    /// programs keep every processor busy, which calls would wait for. Linux only.
    /// </summary>
    public bool BatchScheduling { get; set; } = true;
}
